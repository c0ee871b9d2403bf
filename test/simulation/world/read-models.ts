import type { StoredEvent } from '../../../domain/_kernel/event.ts';
import {
  foldChanges,
  rowsToLoad,
  type Writes,
  writtenBy,
} from '../../../projections/_runtime/fold.ts';
import { keyText } from '../../../projections/_runtime/rows.ts';
import { changesOf } from '../../../projections/_runtime/statements.ts';
import type { AnyRow, AnyTable } from '../../../projections/_runtime/table.ts';
import { projections } from '../../../projections/index.ts';

/** Every read model as the reducers make it, event by event, in memory. */
export type ReadModels = {
  apply(event: StoredEvent, ordinal: number): void;
  rows(table: string): readonly AnyRow[];
  /** Rows that the last event wrote. */
  written(table: string): readonly AnyRow[];
  readonly tables: () => ReadonlyMap<string, ReadonlyMap<string, AnyRow>>;
};

/** The reducers and the fold of the product; only what is loaded and written is kept here. */
export function createReadModels(): ReadModels {
  const tables = new Map<string, Map<string, AnyRow>>();
  let written = new Map<string, readonly AnyRow[]>();
  const rowsOf = ({ name }: AnyTable): Map<string, AnyRow> => {
    const rows = tables.get(name) ?? new Map<string, AnyRow>();
    tables.set(name, rows);
    return rows;
  };
  const write = (writes: Writes): void => {
    const { table, deletes } = writes;
    const rows = rowsOf(table);
    for (const row of writtenBy(writes)) rows.set(keyText(table, row), row);
    for (const key of deletes) rows.delete(keyText(table, key));
    written.set(table.name, writtenBy(writes));
  };
  return {
    apply: (event, ordinal) => {
      written = new Map();
      for (const definition of projections) {
        if (!definition.reducers.has(event.type)) continue;
        const changes = changesOf(definition, [{ ...event, ordinal, poison: null }]);
        const loaded = new Map<AnyTable, ReadonlyMap<string, AnyRow>>();
        for (const [table] of rowsToLoad(changes)) loaded.set(table, rowsOf(table));
        for (const writes of foldChanges(changes, loaded)) write(writes);
      }
    },
    rows: (table) => [...(tables.get(table)?.values() ?? [])],
    written: (table) => written.get(table) ?? [],
    tables: () => tables,
  };
}
