import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold' | 'cyan';

/** A cell of a table; a number stands to the right. */
export type Cell = string | number | null | { readonly text: string; readonly colour: Colour };

export type Output = {
  /** Whether a script reads: `--json`. */
  readonly json: boolean;
  /** Whether a person can be asked and shown progress. */
  readonly interactive: boolean;
  paint(colour: Colour, text: string): string;
  /** The answer: one JSON document for a script, lines for a person. */
  show(document: unknown, lines: () => readonly string[]): void;
  /** One of many answers: a line of JSON for a script, lines for a person. */
  record(document: unknown, lines: () => readonly string[]): void;
  /** Text as it is, for a verb that has a format of its own. Resolves when the reader has taken it. */
  raw(text: string): Promise<void>;
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): readonly string[];
  /** Something for the person, not for the script: to standard error. */
  note(line: string): void;
  /** Replaces the last progress line on a terminal; elsewhere each is a line of its own. */
  progress(line: string): void;
};

/** Colours follow NO_COLOR and the terminal: `styleText` looks at the stream. */
export function createOutput(options: {
  json: boolean;
  stdout?: Writable;
  stderr?: Writable & { readonly isTTY?: boolean };
  interactive?: boolean;
}): Output {
  const { json, stdout = process.stdout, stderr = process.stderr } = options;
  const { interactive = process.stdin.isTTY === true && process.stderr.isTTY === true } = options;
  const paint = (colour: Colour, text: string) => styleText(colour, text, { stream: stdout });
  const print = (text: string) => void stdout.write(`${text}\n`);
  const lines = (make: () => readonly string[]) => {
    for (const line of make()) print(line);
  };
  let open = false;
  return {
    json,
    interactive,
    paint,
    show: (document, make) => (json ? print(JSON.stringify(document, null, 2)) : lines(make)),
    record: (document, make) => (json ? print(JSON.stringify(document)) : lines(make)),
    raw: (text) =>
      new Promise((resolve, reject) => {
        stdout.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    table: (head, rows) => renderTable(head, rows, paint),
    note: (line) => {
      if (open) stderr.write('\n');
      open = false;
      stderr.write(`${line}\n`);
    },
    progress: (line) => {
      if (stderr.isTTY === true) {
        stderr.write(`\r\u001B[K${line}`);
        open = true;
      } else {
        stderr.write(`${line}\n`);
      }
    },
  };
}

/** Columns as wide as what stands in them, two spaces apart; nothing is cut, so it can be piped. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: (colour: Colour, text: string) => string,
): readonly string[] {
  const texts = rows.map((row) => row.map(textOf));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...texts.map((row) => row[column]?.length ?? 0)),
  );
  const right = head.map((_title, column) => rows.some((row) => typeof row[column] === 'number'));
  const line = (cells: readonly string[], colour: (column: number) => Colour | null) =>
    cells
      .map((text, column) => {
        const width = widths[column] ?? 0;
        const last = column === head.length - 1 && right[column] !== true;
        const padded = right[column] ? text.padStart(width) : text.padEnd(last ? 0 : width);
        const chosen = colour(column);
        return chosen === null ? padded : paint(chosen, padded);
      })
      .join('  ')
      .trimEnd();
  return [
    line(head, () => 'dim'),
    ...rows.map((row, index) =>
      line(texts[index] ?? [], (column) => {
        const cell = row[column];
        return typeof cell === 'object' && cell !== null ? cell.colour : null;
      }),
    ),
  ];
}

function textOf(cell: Cell): string {
  if (cell === null) return '-';
  if (typeof cell === 'number') return String(cell);
  return plain(typeof cell === 'string' ? cell : cell.text);
}

/** A text of somebody else's may hold what a terminal would obey. */
export const plain = (text: string): string =>
  text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]+/g, '\uFFFD');
