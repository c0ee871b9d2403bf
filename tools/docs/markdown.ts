export type Link = { readonly target: string; readonly line: number };

/** The parts of a Markdown file that the checks look at. */
export type Page = {
  readonly links: readonly Link[];
  /** Headings and explicit ids, as GitHub names them in `#…`. */
  readonly anchors: ReadonlySet<string>;
  readonly headings: readonly string[];
};

export function readPage(text: string): Page {
  const lines = withoutFences(text.split('\n'));
  const headings = lines.flatMap((line) => /^#{1,6}\s+(.+?)\s*#*\s*$/.exec(line)?.[1] ?? []);
  return {
    headings,
    anchors: new Set([...slugs(headings), ...explicitIds(lines)]),
    links: lines.flatMap((line, index) =>
      targets(line).map((target) => ({ target, line: index + 1 })),
    ),
  };
}

/** Lines keep their number; what stands in a code block is blank. */
function withoutFences(lines: readonly string[]): string[] {
  let fence = '';
  return lines.map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    if (fence === '') {
      fence = mark;
      return mark === '' ? line : '';
    }
    if (mark.startsWith(fence)) fence = '';
    return '';
  });
}

const inline = /!?\[(?:[^\]\\]|\\.)*\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)/g;
const definition = /^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/;
const html = /\b(?:href|src)="([^"]+)"/g;

function targets(line: string): string[] {
  const text = line.replace(/(`+)(?:(?!\1).)+?\1/g, (code) => ' '.repeat(code.length));
  const defined = definition.exec(text)?.[1];
  return [
    ...[...text.matchAll(inline)].map(([, target]) => target ?? ''),
    // `[![badge](image)](page)`: the image stands inside of the link's text.
    ...[...text.matchAll(/\]\((\S+?)\)\]\((\S+?)\)/g)].flatMap(([, a, b]) => [a ?? '', b ?? '']),
    ...[...text.matchAll(html)].map(([, target]) => target ?? ''),
    ...(defined === undefined ? [] : [defined]),
  ].filter((target) => target !== '');
}

/** GitHub's rule: lower case, no punctuation, spaces to dashes, repeats numbered. */
function slugs(headings: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const slug = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/<[^>]+>/g, '')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-');
    const repeats = seen.get(slug) ?? 0;
    seen.set(slug, repeats + 1);
    return repeats === 0 ? slug : `${slug}-${repeats}`;
  });
}

function explicitIds(lines: readonly string[]): string[] {
  return lines.flatMap((line) =>
    [...line.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id ?? ''),
  );
}
