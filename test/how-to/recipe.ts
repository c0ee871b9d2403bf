/** A step of a how-to: something a reader does. */
export type RecipeStep = { readonly line: number } & (
  | { readonly kind: 'write'; readonly file: string; readonly content: string }
  | { readonly kind: 'edit'; readonly file: string; readonly hunks: readonly Hunk[] }
  | {
      readonly kind: 'run';
      readonly shell: string;
      /** Null: nothing is printed that is worth showing. */
      readonly output: string | null;
    }
);

/** Lines as they stand in the file, and as they shall. */
export type Hunk = { readonly before: string; readonly after: string };

const BEGIN = '<!-- recipe -->';
const END = '<!-- /recipe -->';

/**
 * What a page tells its reader to do, between its two markers and in its order:
 *
 * - a block below a line `` `path` (new): `` is the file;
 * - a `diff` block below a line `` `path`: `` changes it: ` ` is there, `+` is added, `-` goes, and
 *   `@@` separates places;
 * - an `sh` block is run, and prints the `text` block that follows it.
 *
 * Any other block is a mistake of the page: nobody would know what to do with it.
 */
export function readRecipe(page: string): RecipeStep[] {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new RangeError('the markers of the recipe are not there');
  const blocks = /(?:^`([^`\n]+)`( \(new\))?:\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm;
  const steps: RecipeStep[] = [];
  for (const match of page.slice(begin, end).matchAll(blocks)) {
    const [, file, isNew, language = '', body = ''] = match;
    const line = page.slice(0, begin + match.index).split('\n').length;
    const last = steps.at(-1);
    if (file !== undefined && isNew !== undefined) {
      steps.push({ line, kind: 'write', file, content: body });
    } else if (file !== undefined && language === 'diff') {
      steps.push({ line, kind: 'edit', file, hunks: body.split(/^@@\n/m).map(hunkOf) });
    } else if (language === 'sh') {
      steps.push({ line, kind: 'run', shell: body, output: null });
    } else if (language === 'text' && last?.kind === 'run' && last.output === null) {
      steps[steps.length - 1] = { ...last, output: body };
    } else {
      throw new RangeError(`line ${line}: a ${language} block that is neither a file nor a step`);
    }
  }
  return steps;
}

function hunkOf(text: string): Hunk {
  const lines = text.split('\n').slice(0, -1);
  const of = (sign: string) =>
    lines
      .filter((line) => line.startsWith(' ') || line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  return { before: of('-'), after: of('+') };
}

/** The file with the hunks done. Throws where a place is not there, or not the only one. */
export function applyHunks(source: string, hunks: readonly Hunk[], file = 'the file'): string {
  return hunks.reduce((text, { before, after }) => {
    const places = text.split(before).length - 1;
    if (before === '' || places !== 1)
      throw new RangeError(
        `${file} has these lines ${places} times, not once; mend the diff of the page:\n${before}`,
      );
    return text.replace(before, () => after);
  }, source);
}

/** A block that shows a failure on purpose says so at the end of a line. */
export const isMeantToFail = (shell: string): boolean => /# red$/m.test(shell);

/** What of an output the page shows: below a line `…` stands only how it ends. */
export function shownOf(output: string, expected: string): { shown: string; wanted: string } {
  const lines = output
    .trim()
    .split('\n')
    .map((line) => line.trimEnd());
  const wanted = expected.trim().split('\n');
  const gap = wanted.indexOf('…');
  if (gap < 0) return { shown: lines.join('\n'), wanted: wanted.join('\n') };
  const tail = wanted.length - gap - 1;
  return {
    shown: [...lines.slice(0, gap), ...lines.slice(lines.length - tail)].join('\n'),
    wanted: wanted.toSpliced(gap, 1).join('\n'),
  };
}
