import type { EventSet, EventsOf } from '../../domain/_kernel/event.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { Column, Row, Table } from './table.ts';

/**
 * What a reducer wants done to one row, as data: which row, and how it changes. `apply` is a pure
 * function of the row there is (null: none) to the row there shall be (null: gone). The runtime
 * loads the rows of a batch once, folds the changes in log order and writes each table once.
 */
export type RowChange = {
  readonly table: Table;
  readonly key: Readonly<Record<string, string | number>>;
  readonly apply: (
    row: Readonly<Record<string, unknown>> | null,
  ) => Readonly<Record<string, unknown>> | null;
};

type Columns = Readonly<Record<string, Column>>;

/** Creates or replaces the row. */
export function put<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  row: Row<C>,
): RowChange {
  const key = Object.fromEntries(table.key.map((k) => [k, row[k] as string | number]));
  return { table: table as unknown as Table, key, apply: () => row };
}

/** Changes the row from what it is; a missing row is an error of the reducer unless `absent` says what it starts as. */
export function change<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  key: Readonly<Record<K, string | number>>,
  fold: (row: Row<C>) => Partial<Row<C>>,
  absent?: () => Row<C>,
): RowChange {
  return {
    table: table as unknown as Table,
    key,
    apply: (row) => {
      const present = (row as Row<C> | null) ?? absent?.();
      if (present === undefined) throw new MissingRowError(table.name, key);
      return { ...present, ...fold(present) };
    },
  };
}

export function remove<C extends Columns, K extends keyof C & string>(
  table: Table<C, K>,
  key: Readonly<Record<K, string | number>>,
): RowChange {
  return { table: table as unknown as Table, key, apply: () => null };
}

/** An event wants to change a row that no earlier event made: the event's key is parked. */
export class MissingRowError extends Error {
  override readonly name = 'MissingRowError';
  constructor(table: string, key: Readonly<Record<string, string | number>>) {
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

/** A read model, named after the question it answers. */
export type ProjectionDefinition = {
  readonly name: string;
  /** A change of tables or reducers is a new version, built beside the old one. */
  readonly version: number;
  readonly question: string;
  readonly tables: readonly Table[];
  /** What is parked together when one of its events cannot be applied. */
  readonly keyOf: (event: DeliveredEvent) => string;
  readonly reducers: ReadonlyMap<string, (event: DeliveredEvent) => readonly RowChange[]>;
};

export function defineProjection<const Sets extends readonly EventSet[]>(definition: {
  name: string;
  version: number;
  question: string;
  tables: readonly unknown[];
  /** The event sets it listens to; only named so that the reducers are typed. */
  events: Sets;
  keyOf: (event: AnyEventOf<Sets>) => string;
  on: Reducers<Sets>;
}): ProjectionDefinition {
  const { events: _events, on, keyOf, tables, ...rest } = definition;
  return {
    ...rest,
    tables: tables as readonly Table[],
    keyOf: keyOf as unknown as ProjectionDefinition['keyOf'],
    reducers: new Map(Object.entries(on)) as unknown as ProjectionDefinition['reducers'],
  };
}
