import type pg from 'pg';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { topicsOf } from './changes.ts';
import type { ProjectionDefinition, RowChange } from './definition.ts';
import { foldChanges, type Rows, rowsToLoad } from './fold.ts';
import { ReducerError } from './poison.ts';
import { keyText, normaliseRow } from './rows.ts';
import { loadStatement, writeStatement } from './sql.ts';
import type { AnyRow } from './table.ts';

/** What one projection makes of events. Throws what a reducer throws. */
export function changesOf(
  definition: ProjectionDefinition,
  events: readonly DeliveredEvent[],
): RowChange[] {
  return events.flatMap((event) => definition.reducers.get(event.type)?.(event) ?? []);
}

/** Events of one projection, in log order. */
export type Share = {
  readonly definition: ProjectionDefinition;
  readonly events: readonly DeliveredEvent[];
};

/**
 * Applies events to the tables of projections in the open transaction: one statement that loads and
 * one that writes, however many tables and events there are (with one of each per table, Postgres
 * and we spent more on statements than on rows). Rows travel as JSON both ways, so what is folded has
 * the shape that was written. Gives the topics under which it is to be told (changes.ts), by share.
 */
export async function applyShares(
  client: pg.ClientBase,
  shares: readonly Share[],
): Promise<string[][]> {
  const changes = blamed(() => shares.map((share) => changesOf(share.definition, share.events)));
  const loaded = await load(client, shares, changes);
  const folded = blamed(() => changes.map((one, share) => foldChanges(one, loaded[share] ?? none)));
  if (folded.some((writes) => writes.length > 0)) {
    const statement = blamed(() =>
      writeStatement(shares, ({ share, table }) => {
        const writes = folded[share]?.find((one) => one.table === table);
        if (writes === undefined) return null;
        return { upserts: asJson(writes.upserts), deletes: asJson(writes.deletes) };
      }),
    );
    await client.query(statement);
  }
  return shares.map(({ events }, index) => {
    const since = events[0]?.ordinal ?? 0;
    return (folded[index] ?? []).flatMap(({ table, upserts }) => topicsOf(table, upserts, since));
  });
}

/** The same for one projection alone. */
export async function applyEvents(
  client: pg.ClientBase,
  definition: ProjectionDefinition,
  events: readonly DeliveredEvent[],
): Promise<string[]> {
  return (await applyShares(client, [{ definition, events }])).flat();
}

/** What our own code throws while it reduces and folds is the event's fault, not the session's. */
function blamed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ReducerError('a reducer or the fold of its changes threw', { cause: error });
  }
}

const asJson = (rows: readonly unknown[]): string | null =>
  rows.length === 0 ? null : JSON.stringify(rows);

const none: Rows = new Map();

/** The rows that the changes of each share look at. */
async function load(
  client: pg.ClientBase,
  shares: readonly Share[],
  changes: readonly (readonly RowChange[])[],
): Promise<readonly Rows[]> {
  const wanted = blamed(() => changes.map(rowsToLoad));
  if (wanted.every(({ size }) => size === 0)) return [];
  const { statement, slots } = loadStatement(shares, ({ share, table }) =>
    asJson(wanted[share]?.get(table) ?? []),
  );
  const loaded = slots.map(() => new Map<string, AnyRow>());
  const { rows } = await client.query<{ at: number; row: AnyRow }>(statement);
  for (const { at, row } of rows) {
    const table = slots[at]?.table;
    if (table === undefined) throw new RangeError(`no table ${at} was asked for`);
    loaded[at]?.set(keyText(table, row), normaliseRow(table, row));
  }
  return shares.map(
    (_, share) =>
      new Map(
        slots.flatMap((slot, at) =>
          slot.share === share ? [[slot.table, loaded[at] ?? new Map()] as const] : [],
        ),
      ),
  );
}
