import type { EventSet, EventsOf } from '../../domain/_kernel/event.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { CHANGED } from './changes.ts';
import { RowShapeError } from './rows.ts';
import type { AnyRow, AnyTable, Column, Row, RowKey, Table } from './table.ts';

/** Gives a row by its table and key, as the changes so far have made it. */
export type ReadRow = (ref: RowRef) => AnyRow | null;

export type RowRef = { readonly table: AnyTable; readonly key: RowKey };

/**
 * What a reducer wants done to one row, as data: which row, and how it changes. `apply` is a pure
 * function of the row there is (null: none) to the row there shall be (null: gone). The runtime
 * loads the rows of a batch once, folds the changes in log order and writes each table once.
 */
export type RowChange = RowRef & {
  readonly apply: (row: AnyRow | null, read: ReadRow) => AnyRow | null;
  /** Other rows of the same key that `apply` looks at; it sees them as changed so far. */
  readonly reads?: readonly RowRef[];
  /** Does not look at the row that is there: it need not be loaded. `new`: none is there. */
  readonly replaces?: boolean | 'new';
};

type Columns = Readonly<Record<string, Column>>;

/** Creates or replaces the row. */
export function put<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  row: Row<C>,
): RowChange {
  const key: Record<string, string | number> = {};
  for (const column of table.key) key[column] = row[column] as string | number;
  return { table: table, key, replaces: true, apply: () => row };
}

/**
 * Creates a row that no event before this one made: the first event of a stream, or a row that is of
 * this event alone. Many such rows of a batch are written for a third of what it costs to look first
 * whether there is one; should there be one all the same, it is replaced, as by `put`.
 */
export function insert<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  row: Row<C>,
): RowChange {
  return { ...put(table, row), replaces: 'new' };
}

/** Names a row that another change reads. */
export function rowRef<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  key: Readonly<Record<K, string | number>>,
): RowRef & { readonly in: (read: ReadRow) => Row<C> | null } {
  const ref = { table: table, key };
  return { ...ref, in: (read) => read(ref) as Row<C> | null };
}

/** Changes the row from what it is; a missing row is an error of the reducer unless `absent` says what it starts as. */
export function change<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  key: Readonly<Record<K, string | number>>,
  fold: (row: Row<C>, read: ReadRow) => Partial<Row<C>>,
  options: { readonly absent?: () => Row<C>; readonly reads?: readonly RowRef[] } = {},
): RowChange {
  return {
    table: table,
    key,
    ...(options.reads === undefined ? {} : { reads: options.reads }),
    apply: (row, read) => {
      const present = (row as Row<C> | null) ?? options.absent?.();
      if (present === undefined) throw new MissingRowError(table.name, key);
      return { ...present, ...fold(present, read) };
    },
  };
}

/** Makes a row that no event before this one made, out of other rows; null: there is none to make. */
export function derive<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  key: Readonly<Record<K, string | number>>,
  make: (read: ReadRow) => Row<C> | null,
  reads: readonly RowRef[],
): RowChange {
  return {
    table: table,
    key,
    reads,
    replaces: 'new',
    apply: (_row, read) => make(read),
  };
}

export function remove<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  key: Readonly<Record<K, string | number>>,
): RowChange {
  return { table: table, key, replaces: true, apply: () => null };
}

/** An event wants to change a row that no earlier event made: the event's key is parked. */
export class MissingRowError extends Error {
  override readonly name = 'MissingRowError';
  constructor(table: string, key: RowKey) {
    super(`${table} has no row ${JSON.stringify(key)} to change`);
  }
}

type AnyEventOf<Sets extends readonly EventSet[]> = EventsOf<Sets[number]>;

type Delivered<E> = E & Omit<DeliveredEvent, 'type' | 'data'>;

export type Reducers<Sets extends readonly EventSet[]> = {
  readonly [Type in AnyEventOf<Sets>['type']]?: (
    event: Delivered<Extract<AnyEventOf<Sets>, { readonly type: Type }>>,
  ) => readonly RowChange[];
};

export type Reducer = (event: DeliveredEvent) => readonly RowChange[];

/** A read model, named after the question it answers. */
export type ProjectionDefinition = {
  readonly name: string;
  /** A change of tables or reducers is a new version, built beside the old one. */
  readonly version: number;
  readonly question: string;
  readonly tables: readonly AnyTable[];
  /**
   * The stream categories it listens to: an event there of a type that this release does not know
   * is parked, for it might have been for us.
   */
  readonly categories: readonly string[];
  /** What is parked together when one of its events cannot be applied. */
  keyOf(event: DeliveredEvent): string;
  readonly reducers: ReadonlyMap<string, Reducer>;
  /** Whose tables these are to replace, when they are built again (rebuild.ts). */
  readonly rebuilds?: ProjectionDefinition;
  /** They are not to replace them, only to be compared: somebody asked, or the self-audit did. */
  readonly compares?: 'compare' | 'audit';
};

/** Whoever holds this lock runs the version; see `platform/postgres/lock-session.ts`. */
export const lockName = ({ name, version }: { name: string; version: number }): string =>
  `pawprint projection ${name} v${version}`;

/** Notes the event in the row it makes, for a table that wants to know. */
function stamped(change: RowChange, ordinal: number): RowChange {
  if (!(CHANGED in change.table.columns)) return change;
  return {
    ...change,
    apply: (row, read) => {
      const next = change.apply(row, read);
      // Whoever follows the table finds what changed by its ordinal; what is gone has none.
      if (next === null) throw new RowShapeError(`${change.table.name} is followed: its rows stay`);
      return { ...next, [CHANGED]: ordinal };
    },
  };
}

export function defineProjection<const Sets extends readonly EventSet[]>(definition: {
  name: string;
  version: number;
  question: string;
  tables: readonly unknown[];
  /** The event sets it listens to. */
  events: Sets;
  keyOf: (event: Delivered<AnyEventOf<Sets>>) => string;
  on: Reducers<Sets>;
}): ProjectionDefinition {
  const { events, on, keyOf, tables, ...rest } = definition;
  return {
    ...rest,
    tables: tables as readonly AnyTable[],
    categories: events.map((set) => set.category),
    // Only decoded events of these sets come here; the runtime does not know their types.
    keyOf,
    reducers: new Map(
      (Object.entries(on) as [string, Reducer][]).map(([type, reduce]) => [
        type,
        (event) => reduce(event).map((change) => stamped(change, event.ordinal)),
      ]),
    ),
  };
}
