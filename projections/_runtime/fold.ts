import { isDeepStrictEqual } from 'node:util';
import type { RowChange, RowRef } from './definition.ts';
import { keyText, normaliseRow, RowShapeError } from './rows.ts';
import type { AnyRow, AnyTable, RowKey } from './table.ts';

/** The rows of a batch: what stood there before, and what the changes made of it. */
type Cell = {
  readonly key: RowKey;
  /** `undefined`: not loaded, because the first change replaces it. */
  readonly before: AnyRow | null | undefined;
  now: AnyRow | null;
};

/** Rows by table and key. */
export type Rows = ReadonlyMap<AnyTable, ReadonlyMap<string, AnyRow>>;

export type Writes = {
  readonly table: AnyTable;
  /** Rows whose key no row has, as far as is known. */
  readonly inserts: readonly AnyRow[];
  /** Rows whose key a row has, or may have. */
  readonly upserts: readonly AnyRow[];
  readonly deletes: readonly RowKey[];
};

export const writtenBy = ({ inserts, upserts }: Writes): readonly AnyRow[] =>
  upserts.length === 0 ? inserts : [...inserts, ...upserts];

/** The rows that have to be loaded before the changes can be folded, without repeats. */
export function rowsToLoad(changes: readonly RowChange[]): Map<AnyTable, RowKey[]> {
  const known = new Map<AnyTable, Map<string, RowKey | null>>();
  const want = ({ table, key }: RowRef, load: boolean): void => {
    const keys = known.get(table) ?? new Map<string, RowKey | null>();
    known.set(table, keys);
    const text = keyText(table, key);
    // What a change replaced is known from there on, and is not loaded for a later one.
    if (!keys.has(text)) keys.set(text, load ? key : null);
  };
  for (const change of changes) {
    for (const ref of change.reads ?? []) want(ref, true);
    want(change, (change.replaces ?? false) === false);
  }
  return new Map(
    [...known].flatMap(([table, keys]) => {
      const wanted = [...keys.values()].filter((key) => key !== null);
      return wanted.length === 0 ? [] : [[table, wanted] as const];
    }),
  );
}

/** Folds changes in log order; pure. What it gives is to be written, each table once. */
export function foldChanges(changes: readonly RowChange[], loaded: Rows): Writes[] {
  const cells = new Map<AnyTable, Map<string, Cell>>();

  const cellOf = ({ table, key }: RowRef, replaces: RowChange['replaces']): Cell => {
    const ofTable = cells.get(table) ?? new Map<string, Cell>();
    cells.set(table, ofTable);
    const text = keyText(table, key);
    const present = ofTable.get(text);
    if (present !== undefined) return present;
    const row = loaded.get(table)?.get(text);
    const cell: Cell = {
      key,
      before: row ?? (replaces === true ? undefined : null),
      now: row ?? null,
    };
    ofTable.set(text, cell);
    return cell;
  };

  for (const change of changes) {
    for (const ref of change.reads ?? []) cellOf(ref, false);
    const cell = cellOf(change, change.replaces);
    const row = change.apply(cell.now, (ref) => {
      if (!change.reads?.some((declared) => sameRow(declared, ref))) {
        throw new RowShapeError(`a change of ${change.table.name} reads ${ref.table.name} unsaid`);
      }
      return cellOf(ref, false).now;
    });
    cell.now = row === null ? null : checked(change, row, cell.now);
  }
  return [...cells].flatMap(([table, ofTable]) => writesOf(table, [...ofTable.values()]));
}

function sameRow(a: RowRef, b: RowRef): boolean {
  if (a.table !== b.table) return false;
  return a.key === b.key || keyText(a.table, a.key) === keyText(b.table, b.key);
}

function checked({ table, key }: RowChange, row: AnyRow, before: AnyRow | null): AnyRow {
  if (keyText(table, key) !== keyText(table, row)) {
    throw new RowShapeError(`a change of ${table.name} ${JSON.stringify(key)} made another key`);
  }
  return normaliseRow(table, row, before);
}

function writesOf(table: AnyTable, cells: readonly Cell[]): Writes[] {
  const inserts: AnyRow[] = [];
  const upserts: AnyRow[] = [];
  const deletes: RowKey[] = [];
  for (const { key, before, now } of cells) {
    if (isDeepStrictEqual(before, now)) continue;
    if (now === null) deletes.push(key);
    else (before === null ? inserts : upserts).push(now);
  }
  const none = inserts.length + upserts.length + deletes.length === 0;
  return none ? [] : [{ table, inserts, upserts, deletes }];
}
