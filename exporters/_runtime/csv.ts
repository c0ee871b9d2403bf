/**
 * RFC 4180, one record a line: what would break a line inside a text becomes a space, so that a
 * record can be found, counted and named by its line.
 */

/** A text, a whole number, or something of our own making that is to stand there as it is. */
export type Cell = string | number | null | { readonly exact: string };

/** What spreadsheets take for the beginning of a formula, full-width forms included. */
const FORMULA = /^[\s]*[=+\-@|＝＋－＠]/u;
const BREAKING = /[\u0000-\u001f\u007f\u0085\u2028\u2029]+/gu;

export const EOL = '\r\n';

export function csvRow(cells: readonly Cell[]): string {
  return cells.map(csvCell).join(',');
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'object') return cell.exact;
  if (typeof cell === 'number') return String(cell);
  const line = cell.replaceAll(BREAKING, ' ');
  // The apostrophe is how spreadsheets write "this is text".
  const text = FORMULA.test(line) ? `'${line}` : line;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The cells of one line; null when it is not well-formed. */
export function parseCsvRow(line: string): string[] | null {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const found = cell.exec(line);
    if (found === null) return null;
    const [, quoted, plain, end] = found;
    cells.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}
