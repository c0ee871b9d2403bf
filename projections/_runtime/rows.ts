import type { AnyRow, AnyTable, Column, ColumnType, RowKey } from './table.ts';

/** A reducer made a row that its table cannot hold: the event's key is parked. */
export class RowShapeError extends Error {
  override readonly name = 'RowShapeError';
}

/**
 * Whether Postgres can hold every text in a value. Asked here, for what the database refuses is only
 * found in the last state of a row, and then the size of the batch would decide what is parked.
 */
function storable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint';
  return Object.entries(value).every(([name, inner]) => storable(name) && storable(inner));
}

const isString = (value: unknown): boolean => typeof value === 'string' && storable(value);

const fits: Readonly<Record<ColumnType, (value: unknown) => boolean>> = {
  text: isString,
  timestamptz: (value) =>
    isString(value) &&
    (SPELLED.test(value as string) || !Number.isNaN(Date.parse(value as string))),
  integer: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  bigint: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  jsonb: storable,
  'text[]': (value) => Array.isArray(value) && value.every(isString),
};

/**
 * The one spelling of a value. Postgres prints an instant by the session's settings, so a row that
 * was loaded and one that was folded in the same batch would differ without this.
 */
function spell({ type }: Column, value: unknown): unknown {
  if (type !== 'timestamptz' || SPELLED.test(value as string)) return value;
  return new Date(value as string).toISOString();
}

/**
 * As `toISOString` spells it, on a day that every month has. Nearly all are so already, and to ask
 * costs a tenth of spelling them.
 */
const SPELLED =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/**
 * The row as it will be read back: every column there, of its type, instants in one spelling. Both
 * what is loaded and what a reducer gives go through here; that is why it makes no difference to a
 * reducer (and to the bytes of a rebuild) where a batch was cut.
 */
export function normaliseRow(table: AnyTable, row: AnyRow): AnyRow {
  const normal: Record<string, unknown> = {};
  let long = false;
  for (const [name, column] of Object.entries(table.columns)) {
    const value = normaliseValue(`${table.name}.${name}`, column, row[name] ?? null);
    normal[name] = value;
    long ||= typeof value === 'string' && value.length > LONG;
  }
  for (const name of Object.keys(row)) {
    if (!(name in table.columns)) throw new RowShapeError(`${table.name} has no column ${name}`);
  }
  if (long) refuseLongEntries(table, normal);
  return normal;
}

/** An index entry holds 2704 bytes, after compression; of four such columns it never has more. */
const LONG = 200;
const MOST_BYTES = 2600;

/**
 * Refuses what is too long for an index. Asked here and not left to Postgres: a table has its indexes
 * once it has taken in the history, and what was parked before must not be taken afterwards.
 */
function refuseLongEntries(table: AnyTable, row: AnyRow): void {
  for (const columns of [table.key, ...table.indexes]) {
    const bytes = columns.reduce((sum, name) => {
      const value = row[name];
      return sum + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
    }, 0);
    if (bytes <= MOST_BYTES) continue;
    const names = columns.join(', ');
    throw new RowShapeError(
      `${table.name} is indexed by ${names}, which are too long: ${bytes} bytes`,
    );
  }
}

function normaliseValue(name: string, column: Column, value: unknown): unknown {
  const nullable = column.nullable === true;
  if (value === null && nullable) return null;
  if (value !== null && fits[column.type](value)) return spell(column, value);
  const got = value === null ? 'null' : typeof value;
  throw new RowShapeError(
    `${name} holds ${column.type}${nullable ? ' or null' : ''}, not this ${got}`,
  );
}

/** One text per key, whatever the order of its members. */
export function keyText(table: AnyTable, key: RowKey | AnyRow): string {
  const [only] = table.key;
  // Most keys are one id, and this is asked several times for each change.
  if (only !== undefined && table.key.length === 1) return String(key[only]);
  return JSON.stringify(table.key.map((column) => key[column]));
}
