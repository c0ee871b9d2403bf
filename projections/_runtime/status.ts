import { type Lag, measureLag } from '../../platform/consumer/lag.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import type { Pool } from '../../platform/postgres/index.ts';
import { heldLocks } from '../../platform/postgres/lock-session.ts';
import { lockName } from './definition.ts';

/**
 * `live`: queries read it and it is at the head. `catching-up`: queries read it and it lags.
 * `building`: beside the version queries read. `not-running`: no process runs it. `standing`: it has
 * not moved although there is something to do. `not-made`: no process has ever run it here.
 */
export type ProjectionState =
  | 'live'
  | 'catching-up'
  | 'building'
  | 'not-running'
  | 'standing'
  | 'not-made';

export type ProjectionStatus = {
  readonly projection: string;
  readonly version: number;
  readonly state: ProjectionState;
  /** Whether queries read this version. */
  readonly live: boolean;
  /** Application events handled, counted from the start of the log. */
  readonly handled: number;
  /** Positions of the log, as text: they are 64 bits wide. */
  readonly handledPosition: string | null;
  readonly seenPosition: string | null;
  readonly lag: Lag;
  readonly parked: {
    readonly keys: number;
    readonly events: number;
    readonly oldest: string | null;
  };
  /** Events that it handled again, while it is built again; null: it is not. */
  readonly rebuilt: number | null;
  /** An ISO instant. */
  readonly updatedAt: string | null;
  /** What somebody should look at; null: nothing. */
  readonly trouble: string | null;
};

type Row = {
  readonly projection: string;
  readonly version: number;
  readonly live: boolean;
  readonly ordinal: number;
  readonly position: string | null;
  readonly seen: string | null;
  readonly updated: Date;
  readonly idle: number;
  readonly rebuilding: boolean;
  readonly rebuilt: number | null;
  readonly keys: number;
  readonly events: number;
  readonly oldest: Date | null;
};

/** It writes its checkpoint with each batch; with something to do, longer than this is no pause. */
const STANDS_AFTER_SECONDS = 15;
/** Behind by this much, readers notice. */
const LAGS_AFTER_SECONDS = 30;

/** How every projection stands, looked at from outside: by any process, whoever runs them. */
export async function projectionStatus(
  pool: Pool,
  eventStore: Pick<EventStore, 'feed'>,
  definitions: readonly { readonly name: string; readonly version: number }[],
): Promise<readonly ProjectionStatus[]> {
  const rows = await readRows(pool);
  const [held, lags] = await Promise.all([
    heldLocks(
      pool,
      rows.map((row) => lockName({ name: row.projection, version: row.version })),
    ),
    measureLag(
      eventStore,
      rows.map(({ ordinal, position }) => ({
        ordinal: Number(ordinal),
        position: position === null ? null : BigInt(position),
      })),
    ),
  ]);
  const made = rows.map((row, index) => {
    const isHeld = held.has(lockName({ name: row.projection, version: row.version }));
    return statusOf(row, isHeld, lags[index] ?? { events: 0, atLeast: false, seconds: 0 });
  });
  const missing = definitions.filter(
    ({ name, version }) => !rows.some((row) => row.projection === name && row.version === version),
  );
  return [...made, ...missing.map(notMade)];
}

async function readRows(pool: Pool): Promise<readonly Row[]> {
  const { rows: there } = await pool.query<{ there: boolean }>(
    "select to_regclass('projection.versions') is not null as there",
  );
  if (there[0]?.there !== true) return [];
  const { rows } = await pool.query<Row>(
    `select projection, version, live, ordinal, position::text, seen::text,
       c.updated_at as updated, extract(epoch from now() - c.updated_at)::float8 as idle,
       (select b.ordinal from projection.rebuilds r
          left join projection.checkpoints b
            on b.projection = 'rebuild:' || r.projection and b.version = r.version
         where r.projection = projection.versions.projection and r.version = projection.versions.version
           and r.finished_at is null) as rebuilt,
       exists (select from projection.rebuilds r
         where r.projection = projection.versions.projection and r.version = projection.versions.version
           and r.finished_at is null) as rebuilding,
       coalesce(p.keys, 0)::int as keys, coalesce(p.events, 0)::int as events, p.oldest
     from projection.versions
     join projection.checkpoints c using (projection, version)
     left join (select projection, version, count(distinct key) as keys, count(*) as events,
                  min(parked_at) as oldest
                from projection.parked group by projection, version) p
       using (projection, version)
     where projection not like 'rebuild:%'
     order by projection, version`,
  );
  return rows;
}

function statusOf(row: Row, held: boolean, lag: Lag): ProjectionStatus {
  const state = stateOf(row, held, lag);
  return {
    projection: row.projection,
    version: row.version,
    state,
    live: row.live,
    handled: Number(row.ordinal),
    handledPosition: row.position,
    seenPosition: row.seen,
    lag,
    parked: { keys: row.keys, events: row.events, oldest: row.oldest?.toISOString() ?? null },
    rebuilt: row.rebuilding ? Number(row.rebuilt ?? 0) : null,
    updatedAt: row.updated.toISOString(),
    trouble: troubleOf(state, row, lag),
  };
}

function stateOf(row: Pick<Row, 'live' | 'idle'>, held: boolean, lag: Lag): ProjectionState {
  if (!held) return 'not-running';
  if (lag.events > 0 && Math.min(row.idle, lag.seconds) > STANDS_AFTER_SECONDS) return 'standing';
  if (!row.live) return 'building';
  return lag.events > 0 ? 'catching-up' : 'live';
}

function troubleOf(state: ProjectionState, row: Row, lag: Lag): string | null {
  // A version that queries do not read any more is left for a way back: nobody needs to run it.
  if (state === 'not-running')
    return row.live ? 'no process runs it: start the role projections' : null;
  const troubles = [
    ...(state === 'standing' ? ['it stands still although there are events to handle'] : []),
    ...(state === 'catching-up' && lag.seconds > LAGS_AFTER_SECONDS
      ? [`it is ${Math.round(lag.seconds)} s behind`]
      : []),
    ...(row.keys > 0 ? [`${row.keys} parked: events that could not be applied wait`] : []),
  ];
  return troubles.length === 0 ? null : troubles.join('; ');
}

const notMade = ({ name, version }: { name: string; version: number }): ProjectionStatus => ({
  ...{ projection: name, version, state: 'not-made', live: false, handled: 0 },
  ...{ handledPosition: null, seenPosition: null, rebuilt: null, updatedAt: null },
  lag: { events: 0, atLeast: false, seconds: 0 },
  parked: { keys: 0, events: 0, oldest: null },
  trouble: 'its tables are not there: start the role projections of this release',
});
