import { createHash, type Hash } from 'node:crypto';
import { type Cell, csvRow, EOL, parseCsvRow } from './csv.ts';

/** Totals of a file: `[group, name, value]`, e.g. `['EUR', 'debit', 2625]`. */
export type Total = readonly [group: string, name: string, value: number];

/**
 * Adds lines up. The same code makes the totals and checks them, so it reads cells as they stand in
 * the file.
 */
export type Summary = {
  /** What is wrong with the line; null: nothing. */
  add(cells: readonly string[]): string | null;
  /** What is wrong with all of them together, e.g. that they do not balance. */
  problem(): string | null;
  totals(): readonly Total[];
};

export type FileKind = {
  /** The name of the format, in the file's first header. */
  readonly kind: string;
  /** Raised when a column changes. */
  readonly version: number;
  readonly columns: readonly string[];
  readonly summary: () => Summary;
};

/** The rows do not make a file that could be booked: it is not written to its end. */
export class UnusableRowsError extends Error {
  override readonly name = 'UnusableRowsError';
}

export const END = '<END>';
export const CHECK_DIGITS = 12;

/** Fewer columns would leave no room for a total. */
export const widthOf = ({ columns }: FileKind): number => Math.max(columns.length, 3) + 2;

/**
 * A file that shows what happened to it: each row ends with digits of the SHA-256 of everything up
 * to it, totals follow the lines, then the number of lines, the SHA-256 of all above, and the end
 * marker. Needs no more memory than a row, and the same rows give the same bytes.
 */
export async function* renderFile(
  file: FileKind,
  header: Readonly<Record<string, Cell>>,
  lines: AsyncIterable<readonly Cell[]> | Iterable<readonly Cell[]>,
): AsyncIterable<string> {
  const hash = createHash('sha256');
  const row = (record: string, cells: readonly Cell[]): string => sealed(file, hash, record, cells);
  yield row('record', file.columns);
  yield row('header', ['kind', file.kind]);
  yield row('header', ['version', file.version]);
  for (const [name, value] of Object.entries(header)) yield row('header', [name, value]);

  const summary = file.summary();
  let count = 0;
  for await (const cells of lines) {
    count += 1;
    const text = row('line', cells);
    const problem = summary.add(cellsOf(text));
    if (problem !== null) throw new UnusableRowsError(`row ${count}: ${problem}`);
    yield text;
  }
  const problem = summary.problem();
  if (problem !== null) throw new UnusableRowsError(problem);
  for (const total of summary.totals()) yield row('total', total);
  yield row('control', ['lines', count]);
  yield row('control', ['sha256', digest(hash)]);
  yield row(END, []);
}

export const digest = (hash: Hash): string => hash.copy().digest('hex');

/** A row with its check, taken into the hash. */
export function sealed(file: FileKind, hash: Hash, record: string, cells: readonly Cell[]): string {
  const padding = Array.from<null>({ length: widthOf(file) - 2 - cells.length }).fill(null);
  const open = `${csvRow([record === END ? { exact: END } : record, ...cells, ...padding])},`;
  hash.update(open);
  const check = record === 'record' ? 'check' : digest(hash).slice(0, CHECK_DIGITS);
  hash.update(check + EOL);
  return open + check + EOL;
}

/** The cells of a line row between its record name and its check. */
const cellsOf = (row: string): string[] =>
  (parseCsvRow(row.slice(0, -EOL.length)) ?? []).slice(1, -1);
