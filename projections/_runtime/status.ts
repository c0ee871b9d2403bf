import { type Lag, measureLag } from '../../platform/consumer/lag.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import type { Pool } from '../../platform/postgres/index.ts';
import { heldLocks } from '../../platform/postgres/lock-session.ts';
import { lockName } from './definition.ts';
import type { LifeCycle } from './life-cycle.ts';
import { readSigns, type Signs } from './signs.ts';

/**
 * What it does at this moment. `at-head`, `catching-up`; `standing`: it has not moved although there
 * is something to do; `nobody`: no process runs it.
 */
export type ProjectionActivity = 'at-head' | 'catching-up' | 'standing' | 'nobody';

export type ProjectionStatus = {
  readonly projection: string;
  readonly version: number;
  readonly state: LifeCycle;
  readonly doing: ProjectionActivity;
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
  /** When its rows were last compared with the log, and how many said something else; null: never. */
  readonly compared: { readonly at: string; readonly rows: number } | null;
  /** An ISO instant. */
  readonly updatedAt: string | null;
  /** What somebody should look at; null: nothing. */
  readonly trouble: string | null;
};

type Row = Signs & Figures;

type Figures = {
  readonly projection: string;
  readonly version: number;
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
  const rows = await readRows(pool, definitions);
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

async function readRows(
  pool: Pool,
  definitions: readonly { readonly name: string; readonly version: number }[],
): Promise<readonly Row[]> {
  const { rows: there } = await pool.query<{ there: boolean }>(
    "select to_regclass('projection.pauses') is not null as there",
  );
  if (there[0]?.there !== true) return [];
  const { rows } = await pool.query<Figures>(
    `select projection, version, ordinal, position::text, seen::text,
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
  const signs = await readSigns(pool, definitions);
  return rows.flatMap((row) => {
    const own = signs.find(
      ({ projection, version }) => projection === row.projection && version === row.version,
    );
    return own === undefined ? [] : [{ ...own, ...row }];
  });
}

function statusOf(row: Row, held: boolean, lag: Lag): ProjectionStatus {
  const doing = doingOf(row, held, lag);
  return {
    projection: row.projection,
    version: row.version,
    state: row.state,
    doing,
    live: row.live,
    handled: Number(row.ordinal),
    handledPosition: row.position,
    seenPosition: row.seen,
    lag,
    parked: { keys: row.keys, events: row.events, oldest: row.oldest?.toISOString() ?? null },
    compared:
      row.comparedAt === null ? null : { at: row.comparedAt.toISOString(), rows: row.drift ?? 0 },
    rebuilt: row.rebuilding ? Number(row.rebuilt ?? 0) : null,
    updatedAt: row.updated.toISOString(),
    trouble: troubleOf(doing, row, lag),
  };
}

function doingOf(row: Pick<Row, 'idle'>, held: boolean, lag: Lag): ProjectionActivity {
  if (!held) return 'nobody';
  if (lag.events > 0 && Math.min(row.idle, lag.seconds) > STANDS_AFTER_SECONDS) return 'standing';
  return lag.events > 0 ? 'catching-up' : 'at-head';
}

function troubleOf(doing: ProjectionActivity, row: Row, lag: Lag): string | null {
  const late = row.state === 'live' && row.live && lag.seconds > LAGS_AFTER_SECONDS;
  const troubles = [
    ...(row.state === 'paused' ? [`paused since ${row.pausedAt?.toISOString()}`] : []),
    ...(row.failure === null ? [] : [`it cannot go on: ${row.failure}`]),
    // A version that queries do not read any more is left for a way back: nobody needs to run it.
    ...(doing === 'nobody' && row.live && row.state !== 'paused'
      ? ['no process runs it: start the role projections']
      : []),
    ...(doing === 'standing' ? ['it stands still although there are events to handle'] : []),
    ...(doing === 'catching-up' && late ? [`it is ${Math.round(lag.seconds)} s behind`] : []),
    ...(row.keys > 0 ? [`${row.keys} parked: events that could not be applied wait`] : []),
    ...((row.drift ?? 0) > 0
      ? [`${row.drift} rows say something else than the log (ops projections compare)`]
      : []),
  ];
  return troubles.length === 0 ? null : troubles.join('; ');
}

const notMade = ({ name, version }: { name: string; version: number }): ProjectionStatus => ({
  ...{ projection: name, version, state: 'new', doing: 'nobody', live: false, handled: 0 },
  ...{ handledPosition: null, seenPosition: null, rebuilt: null, updatedAt: null },
  ...{ compared: null },
  lag: { events: 0, atLeast: false, seconds: 0 },
  parked: { keys: 0, events: 0, oldest: null },
  trouble: 'its tables are not there: start the role projections of this release',
});
