import { isDeepStrictEqual } from 'node:util';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { ProjectionDefinition } from './definition.ts';
import { foldChanges, writtenBy } from './fold.ts';
import { causeOf, concerns, locate } from './poison.ts';
import { keyText } from './rows.ts';
import type { AnyRow, AnyTable, RowKey } from './table.ts';

/** What one event did to one row. */
export type Touch = {
  readonly table: string;
  readonly key: RowKey;
  readonly what: 'made' | 'changed' | 'removed';
  /** The columns whose values are others now, by name; values may be personal. */
  readonly columns: readonly string[];
};

export type Cause = {
  readonly event: DeliveredEvent;
  /** Empty: it changed nothing. */
  readonly touched: readonly Touch[];
  /** Why it could not be applied: it is parked, with everything of the key that follows it. */
  readonly fault: string | null;
};

/** Says of each event of a log, in its order, what it has to do with one key of a read model. */
export type Explainer = {
  /** Null: nothing. */
  add(event: DeliveredEvent): Cause | null;
};

/**
 * The rows of a key come from the events of that key alone: a reducer touches no other rows. So folding
 * those, with the reducers that wrote the tables, tells which event made what of them.
 */
export function createExplainer(definition: ProjectionDefinition, key: string): Explainer {
  const rows = new Map<AnyTable, Map<string, AnyRow>>(
    definition.tables.map((table) => [table, new Map()]),
  );
  let parked = false;

  const apply = (event: DeliveredEvent): Touch[] => {
    const changes = definition.reducers.get(event.type)?.(event) ?? [];
    return foldChanges(changes, rows).flatMap((writes) => {
      const { table, deletes } = writes;
      const there = rows.get(table) ?? new Map<string, AnyRow>();
      const changed = writtenBy(writes).map((row): Touch => {
        const touched = touchOf(table, there.get(keyText(table, row)), row);
        there.set(keyText(table, row), row);
        return touched;
      });
      const removed = deletes.flatMap((gone): Touch[] =>
        there.delete(keyText(table, gone))
          ? [{ table: table.name, key: gone, what: 'removed', columns: [] }]
          : [],
      );
      return [...changed.filter(({ columns }) => columns.length > 0), ...removed];
    });
  };

  return {
    add(event) {
      if (!concerns(definition, event)) return null;
      const { key: own, fault } = locate(definition, event);
      if (own !== key) return null;
      if (parked) return { event, touched: [], fault: 'it waits behind an earlier event' };
      try {
        if (fault !== null) throw fault;
        return { event, touched: apply(event), fault: null };
      } catch (error) {
        parked = true;
        return { event, touched: [], fault: causeOf(error) };
      }
    },
  };
}

function touchOf(table: AnyTable, before: AnyRow | undefined, after: AnyRow): Touch {
  return {
    table: table.name,
    key: Object.fromEntries(table.key.map((column) => [column, after[column]])) as RowKey,
    what: before === undefined ? 'made' : 'changed',
    columns: Object.keys(after).filter((name) => !isDeepStrictEqual(before?.[name], after[name])),
  };
}

/** A row by its table's name and its key. */
export type RowName = { readonly table: string; readonly key: RowKey };

/**
 * Which key of the read model a row belongs to, if this event concerns the row; else null. Reducers
 * say by themselves which rows they change.
 */
export function keyOfRow(
  definition: ProjectionDefinition,
  { table, key }: RowName,
  event: DeliveredEvent,
): string | null {
  if (!concerns(definition, event)) return null;
  const { key: own, fault } = locate(definition, event);
  if (fault !== null) return null;
  try {
    const changes = definition.reducers.get(event.type)?.(event) ?? [];
    const hit = changes.some(
      (one) => one.table.name === table && keyText(one.table, one.key) === keyText(one.table, key),
    );
    return hit ? own : null;
  } catch {
    // The event is parked, with that cause: it made no row.
    return null;
  }
}

/** Whether an event changed this row. */
export const touchesRow = ({ touched }: Cause, { table, key }: RowName): boolean =>
  touched.some((one) => one.table === table && sameRowKey(one.key, key));

const sameRowKey = (a: RowKey, b: RowKey): boolean =>
  Object.keys(a).every((column) => a[column] === b[column]);
