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
  if (Array.isArray(value)) return value.every(storable);
  const all = value as Readonly<Record<string, unknown>>;
  return Object.keys(all).every((name) => storable(name) && storable(all[name]));
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

/** Whether a value that fits is already as it will be read back. */
const isSpelled = (type: ColumnType, value: unknown): boolean =>
  type !== 'timestamptz' || SPELLED.test(value as string);

/**
 * The one spelling of a value. Postgres prints an instant by the session's settings, so a row that
 * was loaded and one that was folded in the same batch would differ without this.
 */
function spell({ type }: Column, value: unknown): unknown {
  return isSpelled(type, value) ? value : new Date(value as string).toISOString();
}

/**
 * As `toISOString` spells it, on a day that its month has in every year. Nearly all are so already,
 * and to ask costs a tenth of spelling them.
 */
const SPELLED =
  /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

type NamedColumn = Column & { readonly name: string };

const columnsOf = new WeakMap<AnyTable, readonly NamedColumn[]>();

function columnsIn(table: AnyTable): readonly NamedColumn[] {
  const known = columnsOf.get(table);
  if (known !== undefined) return known;
  const columns = Object.entries(table.columns).map(([name, column]) => ({ ...column, name }));
  columnsOf.set(table, columns);
  return columns;
}

/**
 * The row as it will be read back: every column there, of its type, instants in one spelling. Both
 * what is loaded and what a reducer gives go through here; that is why it makes no difference to a
 * reducer (and to the bytes of a rebuild) where a batch was cut.
 *
 * `before` went through here, too: what a change left as it was is not looked at again. A row that is
 * all right, as nearly every row is, is given back itself.
 */
export function normaliseRow(table: AnyTable, row: AnyRow, before: AnyRow | null = null): AnyRow {
  const columns = columnsIn(table);
  const normal = columns.every((column) => isNormal(column, row[column.name], before))
    ? row
    : spelledRow(table, columns, row);
  if (Object.keys(row).length > columns.length || normal !== row) refuseOthers(table, row);
  if (columns.some(({ name }) => isLong(normal[name]))) refuseLongEntries(table, normal);
  return normal;
}

/** Whether a value fits and has its spelling. A column that is left out has none. */
function isNormal({ name, type, nullable }: NamedColumn, value: unknown, before: AnyRow | null) {
  if (value === undefined) return false;
  if (before !== null && before[name] === value) return true;
  if (value === null) return nullable === true;
  return fits[type](value) && isSpelled(type, value);
}

function spelledRow(table: AnyTable, columns: readonly NamedColumn[], row: AnyRow): AnyRow {
  return Object.fromEntries(
    columns.map((column) => [
      column.name,
      normaliseValue(`${table.name}.${column.name}`, column, row[column.name] ?? null),
    ]),
  );
}

function refuseOthers(table: AnyTable, row: AnyRow): void {
  for (const name of Object.keys(row)) {
    if (!(name in table.columns)) throw new RowShapeError(`${table.name} has no column ${name}`);
  }
}

/** An index entry holds 2704 bytes, after compression; of four such columns it never has more. */
const LONG = 200;
const MOST_BYTES = 2600;

const isLong = (value: unknown): boolean => typeof value === 'string' && value.length > LONG;

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
export function keyText({ key: columns }: AnyTable, key: RowKey | AnyRow): string {
  const [only] = columns;
  // Most keys are one id, and this is asked several times for each change.
  if (only !== undefined && columns.length === 1) return String(key[only]);
  let text = '';
  for (const column of columns) {
    const part = String(key[column]);
    text += `${part.length}:${part}`;
  }
  return text;
}
