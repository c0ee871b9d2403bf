/** A page with this line is run, from here to the end marker. */
export const BEGIN = '<!-- walkthrough -->';
const END = '<!-- /walkthrough -->';

/** A step of the walk-through: shell lines as printed, and what they print. */
export type Step = {
  /** Of the page, for whoever has to look. */
  readonly line: number;
  readonly shell: string;
  /** Null: nothing is printed that is worth showing. */
  readonly output: string | null;
};

/**
 * The steps between the two markers of a page: each `sh` block, with the `text` or `json` block that
 * follows it (before the next `sh` block) as its output. Blocks of other languages (code that the page
 * quotes, a picture) are no steps.
 */
export function readSteps(page: string): Step[] {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin)
    throw new RangeError('the markers of the walk-through are not there');
  const steps: Step[] = [];
  for (const match of page.slice(begin, end).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    const [, kind, body = ''] = match;
    const line = page.slice(0, begin + match.index).split('\n').length;
    if (kind === 'sh') {
      steps.push({ line, shell: body, output: null });
      continue;
    }
    if (kind !== 'text' && kind !== 'json') continue;
    const last = steps.pop();
    if (last === undefined || last.output !== null) {
      throw new RangeError(`line ${line}: expected a sh block, or the text that one prints`);
    }
    steps.push({ ...last, output: body });
  }
  return steps;
}

/** One script of all steps. Between them it prints a line that says which step comes. */
export function scriptOf(steps: readonly Step[], mark: string): string {
  return steps.map(({ shell }, index) => `echo '${mark} ${index}'\n${shell}`).join('\n');
}

/** What each step printed, out of the output of the whole script. */
export function outputsOf(text: string, mark: string): string[] {
  return text
    .split(new RegExp(`^${mark} \\d+\\n`, 'm'))
    .slice(1)
    .map((part) => part.trim());
}

/** Whether something was printed as the page says; `…` stands for what differs each time in a line. */
export function isAsPrinted(actual: string, expected: string): boolean {
  const pattern = expected.trim().split('…').map(RegExp.escape).join('.+');
  return new RegExp(`^${pattern}$`).test(actual.trim());
}
