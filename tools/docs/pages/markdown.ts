/** A table; a `|` inside of a cell is escaped, and a line break would end the row. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

const cell = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');

export const code = (text: string) => `\`${text}\``;

/** JSON as a person writes it. */
export const text = (value: unknown) => layout(value);

export const json = (value: unknown) => `\`\`\`json\n${text(value)}\n\`\`\``;

const LINE = 90;

/** JSON as a person writes it: what fits stands in one line. */
function layout(value: unknown, indent = ''): string {
  const flat = JSON.stringify(value, null, 1)
    .replaceAll(/\n\s*/g, ' ')
    .replaceAll(/\[ (.*?) \]/g, '[$1]');
  if (typeof value !== 'object' || value === null || indent.length + flat.length <= LINE) {
    return flat;
  }
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((each) => inner + layout(each, inner))
    : Object.entries(value).map(
        ([key, each]) => `${inner}${JSON.stringify(key)}: ${layout(each, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

/** The anchor that GitHub gives to a heading of letters, digits, spaces and dashes. */
export const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');

/** A page that a program wrote: its first lines say which, and how to write it again. */
export function page(title: string, from: string, ...blocks: readonly string[]): string {
  const note = `<!-- Written by \`npm run docs:generate\` from ${from}. Do not edit. -->`;
  return `${[note, `# ${title}`, ...blocks].join('\n\n')}\n`;
}
