import type pg from 'pg';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { Pool } from '../../platform/postgres/index.ts';
import type { LockSession } from '../../platform/postgres/lock-session.ts';
import { noteRewrite } from './changes.ts';
import type { ProjectionDefinition } from './definition.ts';
import type { Member, UnparkOutcome } from './member.ts';
import { causeOf, concerns, isPoison, locate } from './poison.ts';
import { applyEvents } from './statements.ts';

export type Parked = {
  readonly event: DeliveredEvent;
  readonly key: string;
  /** Null: it waits behind an earlier event of its key. */
  readonly cause: string | null;
};

export async function insertParked(
  client: pg.ClientBase,
  { name, version }: ProjectionDefinition,
  parked: readonly Parked[],
): Promise<void> {
  if (parked.length === 0) return;
  const rows = parked.map(({ event, key, cause }) => ({
    projection: name,
    version,
    key,
    ordinal: event.ordinal,
    position: event.position.toString(),
    event_id: event.id,
    stream: event.stream,
    revision: event.revision,
    type: event.type,
    cause,
  }));
  await client.query(
    `insert into projection.parked
       (projection, version, key, ordinal, position, event_id, stream, revision, type, cause, attempts, parked_at)
     select projection, version, key, ordinal, position, event_id, stream, revision, type, cause,
       case when cause is null then 0 else 1 end, now()
     from jsonb_populate_recordset(null::projection.parked, $1::jsonb)`,
    [JSON.stringify(rows)],
  );
}

/** Where a parked event stands in the log. */
export type ParkedRef = {
  readonly stream: string;
  readonly revision: number;
  readonly ordinal: number;
};

/**
 * Reads parked events from the log again and decodes them as this release does. What still cannot
 * be decoded comes with its `poison`.
 */
export type ReadParked = (refs: readonly ParkedRef[]) => Promise<DeliveredEvent[]>;

const PAGE = 200;

/**
 * Applies the events parked under a key in log order, in one transaction, as far as they go: the
 * first that still cannot be applied stays, with its new cause and everything behind it.
 */
export async function replayParked(
  session: LockSession,
  member: Member,
  key: string,
  read: ReadParked,
): Promise<{ outcome: UnparkOutcome; parked: ReadonlySet<string> }> {
  const { client } = session;
  const { definition } = member;
  const id = [definition.name, definition.version];

  const done = ({ ordinal }: DeliveredEvent): Promise<unknown> =>
    client.query(
      'delete from projection.parked where projection = $1 and version = $2 and ordinal = $3',
      [...id, ordinal],
    );

  const applyOne = async (event: DeliveredEvent): Promise<unknown> => {
    // Its type was not known, and might have been for us: it is not.
    if (!concerns(definition, event)) {
      await done(event);
      return null;
    }
    const { key: own, fault } = locate(definition, event);
    if (fault !== null) return fault;
    if (own !== key && member.parked.has(own)) {
      // Now that it is decoded it turns out to belong behind another parked event.
      await client.query(
        'update projection.parked set key = $4 where projection = $1 and version = $2 and ordinal = $3',
        [...id, event.ordinal, own],
      );
      return null;
    }
    await client.query('savepoint event');
    try {
      await applyEvents(client, definition, [event]);
      await client.query('release savepoint event');
    } catch (error) {
      if (!isPoison(error)) throw error;
      await client.query('rollback to savepoint event');
      return error;
    }
    await done(event);
    return null;
  };

  return session.transaction(async () => {
    // In the same transaction: a try that came to nothing leaves the wish, and is made again.
    await client.query(
      `update projection.parked set unpark_requested = false
        where projection = $1 and version = $2 and key = $3 and unpark_requested`,
      [...id, key],
    );
    let applied = 0;
    let cause: string | null = null;
    let after = 0;
    for (;;) {
      const { rows } = await client.query<ParkedRef>(
        `select stream, revision::int, ordinal from projection.parked
         where projection = $1 and version = $2 and key = $3 and ordinal > $4 order by ordinal limit ${PAGE}`,
        [...id, key, after],
      );
      for (const event of await read(
        rows.map((row) => ({ ...row, ordinal: Number(row.ordinal) })),
      )) {
        const fault = await applyOne(event);
        if (fault !== null) {
          cause = causeOf(fault);
          await client.query(
            `update projection.parked set cause = $4, attempts = attempts + 1
             where projection = $1 and version = $2 and ordinal = $3`,
            [...id, event.ordinal, cause],
          );
          break;
        }
        applied += 1;
        after = event.ordinal;
      }
      if (cause !== null || rows.length < PAGE) break;
    }
    await noteRewrite(client, definition);
    const left = await client.query<{ key: string; count: number }>(
      `select key, count(*)::int from projection.parked where projection = $1 and version = $2 group by key`,
      id,
    );
    return {
      outcome: { applied, left: left.rows.find((row) => row.key === key)?.count ?? 0, cause },
      parked: new Set(left.rows.map((row) => row.key)),
    };
  });
}

/** Asks whatever process runs the projection to un-park a key; it looks each second. */
export async function requestUnpark(pool: Pool, projection: string, key: string): Promise<number> {
  const { rowCount } = await pool.query(
    'update projection.parked set unpark_requested = true where projection = $1 and key = $2',
    [projection, key],
  );
  return rowCount ?? 0;
}

export type ParkedSummary = {
  readonly projection: string;
  readonly version: number;
  readonly key: string;
  /** The events that wait, the one with the cause among them. */
  readonly events: number;
  readonly firstOrdinal: number;
  readonly type: string;
  readonly stream: string;
  readonly cause: string | null;
  readonly attempts: number;
  readonly parkedAt: string;
};

/** What is parked, one line per key, the oldest first. */
export async function listParked(pool: Pool): Promise<ParkedSummary[]> {
  const { rows } = await pool.query<ParkedSummary>(
    `select distinct on (projection, version, key) projection, version, key,
       count(*) over k::int as events, ordinal as "firstOrdinal", type, stream, cause, attempts,
       to_char(parked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "parkedAt"
     from projection.parked
     window k as (partition by projection, version, key)
     order by projection, version, key, ordinal`,
  );
  return rows;
}
