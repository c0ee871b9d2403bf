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
  timestamptz: (value) => isString(value) && !Number.isNaN(Date.parse(value as string)),
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
  return type === 'timestamptz' ? new Date(value as string).toISOString() : value;
}

/**
 * The row as it will be read back: every column there, of its type, instants in one spelling. Both
 * what is loaded and what a reducer gives go through here; that is why it makes no difference to a
 * reducer (and to the bytes of a rebuild) where a batch was cut.
 */
export function normaliseRow(table: AnyTable, row: AnyRow): AnyRow {
  const normal: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(table.columns)) {
    normal[name] = normaliseValue(`${table.name}.${name}`, column, row[name] ?? null);
  }
  for (const name of Object.keys(row)) {
    if (!(name in table.columns)) throw new RowShapeError(`${table.name} has no column ${name}`);
  }
  return normal;
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
  return JSON.stringify(table.key.map((column) => key[column]));
}
