import type pg from 'pg';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { topicsOf } from './changes.ts';
import { qualifiedName } from './ddl.ts';
import type { ProjectionDefinition, RowChange } from './definition.ts';
import { foldChanges, rowsToLoad, type Writes } from './fold.ts';
import { ReducerError } from './poison.ts';
import { keyText, normaliseRow } from './rows.ts';
import type { AnyRow, AnyTable, RowKey } from './table.ts';

/** What one projection makes of events. Throws what a reducer throws. */
export function changesOf(
  definition: ProjectionDefinition,
  events: readonly DeliveredEvent[],
): RowChange[] {
  return events.flatMap((event) => definition.reducers.get(event.type)?.(event) ?? []);
}

/**
 * Applies events to the tables of a projection in the open transaction: one select and at most two
 * writes per table, however many events there are. Rows travel as JSON both ways, so what is folded
 * has the shape that was written. Gives the topics under which it is to be told (changes.ts).
 */
export async function applyEvents(
  client: pg.ClientBase,
  definition: ProjectionDefinition,
  events: readonly DeliveredEvent[],
): Promise<string[]> {
  const changes = blamed(() => changesOf(definition, events));
  const loaded = new Map<AnyTable, ReadonlyMap<string, AnyRow>>();
  for (const [table, keys] of rowsToLoad(changes)) {
    loaded.set(table, await load(client, table, definition.version, keys));
  }
  const folded = blamed(() => foldChanges(changes, loaded));
  for (const writes of blamed(() => folded.map(asJson))) {
    await write(client, definition.version, writes);
  }
  const since = events[0]?.ordinal ?? 0;
  return folded.flatMap(({ table, upserts }) => topicsOf(table, upserts, since));
}

/** What our own code throws while it reduces and folds is the event's fault, not the session's. */
function blamed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new ReducerError('a reducer or the fold of its changes threw', { cause: error });
  }
}

type JsonWrites = {
  readonly table: AnyTable;
  readonly upserts: string | null;
  readonly deletes: string | null;
};

function asJson({ table, upserts, deletes }: Writes): JsonWrites {
  const text = (rows: readonly unknown[]) => (rows.length === 0 ? null : JSON.stringify(rows));
  return { table, upserts: text(upserts), deletes: text(deletes) };
}

const sameKey = (table: AnyTable, a: string, b: string): string =>
  table.key.map((column) => `${a}.${column} = ${b}.${column}`).join(' and ');

async function load(
  client: pg.ClientBase,
  table: AnyTable,
  version: number,
  keys: readonly RowKey[],
): Promise<Map<string, AnyRow>> {
  const name = qualifiedName(table, version);
  const { rows } = await client.query<{ row: AnyRow }>({
    name: `load ${name}`,
    text: `select to_jsonb(t) as row from jsonb_populate_recordset(null::${name}, $1::jsonb) k
           join ${name} t on ${sameKey(table, 't', 'k')}`,
    values: [JSON.stringify(keys)],
  });
  return new Map(rows.map(({ row }) => [keyText(table, row), normaliseRow(table, row)] as const));
}

async function write(
  client: pg.ClientBase,
  version: number,
  { table, upserts, deletes }: JsonWrites,
): Promise<void> {
  const name = qualifiedName(table, version);
  if (deletes !== null) {
    await client.query({
      name: `delete ${name}`,
      text: `delete from ${name} t using jsonb_populate_recordset(null::${name}, $1::jsonb) k
             where ${sameKey(table, 't', 'k')}`,
      values: [deletes],
    });
  }
  if (upserts !== null) {
    const columns = Object.keys(table.columns);
    const rest = columns.filter((column) => !table.key.includes(column));
    const update =
      rest.length === 0
        ? 'nothing'
        : `update set ${rest.map((column) => `${column} = excluded.${column}`).join(', ')}`;
    await client.query({
      name: `upsert ${name}`,
      text: `insert into ${name} (${columns.join(', ')})
             select ${columns.join(', ')} from jsonb_populate_recordset(null::${name}, $1::jsonb)
             on conflict (${table.key.join(', ')}) do ${update}`,
      values: [upserts],
    });
  }
}
