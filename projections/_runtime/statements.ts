import { setImmediate } from 'node:timers/promises';
import type pg from 'pg';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { copyIn } from '../../platform/postgres/copy.ts';
import { topicsOf } from './changes.ts';
import { type Copy, copyOf } from './copy.ts';
import type { ProjectionDefinition, RowChange } from './definition.ts';
import { foldChanges, type Rows, rowsToLoad, type Writes, writtenBy } from './fold.ts';
import { ReducerError } from './poison.ts';
import { keyText, normaliseRow } from './rows.ts';
import { type JsonWrites, loadStatement, writeStatement } from './sql.ts';
import type { AnyRow, AnyTable } from './table.ts';

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

/** So many new rows of a table are copied; for fewer a statement of their own costs more than it saves. */
const FEWEST_COPIED = 32;

/**
 * Applies events to the tables of projections in the open transaction. One statement loads the rows
 * there are. New rows of which a table has many are copied; one statement writes all others, however
 * many tables there are (with one per table, Postgres and we spent more on statements than on rows).
 * Rows travel as text or JSON both ways, so what is folded has the shape that was written.
 *
 * Postgres copies the rows of one projection while the next is folded: neither waits for the other.
 * Gives the topics under which it is to be told (changes.ts), by share.
 */
export async function applyShares(
  client: pg.ClientBase,
  shares: readonly Share[],
  { fewestCopied = FEWEST_COPIED }: { readonly fewestCopied?: number } = {},
): Promise<string[][]> {
  const isCopied = ({ inserts }: Writes): boolean => inserts.length >= fewestCopied;
  const changes = blamed(() => shares.map((share) => changesOf(share.definition, share.events)));
  const loaded = await load(client, shares, changes);
  const copying = createCopying(client);
  const folded: (readonly Writes[])[] = [];
  try {
    for (const [index, { definition }] of shares.entries()) {
      const writes = blamed(() => foldChanges(changes[index] ?? [], loaded[index] ?? none));
      folded.push(writes);
      const many = writes.filter(isCopied);
      for (const { table, inserts } of many) {
        copying.add(blamed(() => copyOf(table, definition.version, inserts)));
      }
      if (many.length > 0) await copying.begun();
    }
  } finally {
    await copying.done();
  }
  const rest = folded.map((writes) =>
    writes.map((one) => restOf(one, isCopied(one) ? one.upserts : writtenBy(one))),
  );
  await writeRest(client, shares, rest);
  return shares.map(({ events }, index) => {
    const since = events[0]?.ordinal ?? 0;
    return (folded[index] ?? []).flatMap((one) => topicsOf(one.table, writtenBy(one), since));
  });
}

/** Copies one after the other, while whoever adds them goes on. */
function createCopying(client: pg.ClientBase) {
  let copied: Promise<void> = Promise.resolve();
  return {
    add: (copy: Copy): void => {
      // Not before the one before it is done: the client's own queue is to go with its next version.
      copied = copied.then(() => copyIn(client, copy.text, copy));
      copied.catch(() => {
        // Told by `done`. No later one is begun.
      });
    },
    /** Lets go of this process for a moment: what is to be sent leaves, and what came in is taken. */
    begun: () => setImmediate(),
    done: () => copied,
  };
}

type Rest = JsonWrites & { readonly table: AnyTable };

const restOf = ({ table, deletes }: Writes, rows: readonly AnyRow[]): Rest => ({
  table,
  upserts: asJson(rows),
  deletes: asJson(deletes),
});

const isSome = ({ upserts, deletes }: JsonWrites): boolean => (upserts ?? deletes) !== null;

/** Writes what was not copied. */
async function writeRest(
  client: pg.ClientBase,
  shares: readonly Share[],
  rest: readonly (readonly Rest[])[],
): Promise<void> {
  if (!rest.some((writes) => writes.some(isSome))) return;
  const statement = blamed(() =>
    writeStatement(
      shares,
      ({ share, table }) => rest[share]?.find((one) => one.table === table && isSome(one)) ?? null,
    ),
  );
  await client.query(statement);
}

/**
 * The same for one projection alone, and carefully: no row is believed not to be there, so that a row
 * that is, all the same, is replaced whatever the size of the batch was.
 */
export async function applyEvents(
  client: pg.ClientBase,
  definition: ProjectionDefinition,
  events: readonly DeliveredEvent[],
): Promise<string[]> {
  const fewestCopied = Number.POSITIVE_INFINITY;
  return (await applyShares(client, [{ definition, events }], { fewestCopied })).flat();
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
