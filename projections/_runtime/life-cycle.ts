import type pg from 'pg';
import type { Pool } from '../../platform/postgres/index.ts';
import { indexesSql } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';

/**
 * The life of a version of a projection. `new`: it has seen no event yet. `booting`: it takes in the
 * history for the first time. `live`: it was at the head of the log, and follows it. `paused`:
 * somebody had it stop. `detached`: this release does not have it. `failed`: it cannot go on, for a
 * reason that is no event's fault; it is tried again all the time.
 */
export const lifeCycles = ['new', 'booting', 'live', 'paused', 'detached', 'failed'] as const;
export type LifeCycle = (typeof lifeCycles)[number];

export type LifeSigns = {
  /** Whether this release has the version. */
  readonly known: boolean;
  readonly paused: boolean;
  readonly failed: boolean;
  /** Whether it has seen anything of the log. */
  readonly begun: boolean;
  /** Whether it was ever at the head. */
  readonly caughtUp: boolean;
};

export function lifeCycleOf({ known, paused, failed, begun, caughtUp }: LifeSigns): LifeCycle {
  if (!known) return 'detached';
  if (paused) return 'paused';
  if (failed) return 'failed';
  if (!begun) return 'new';
  return caughtUp ? 'live' : 'booting';
}

/**
 * Has a projection stop wherever it runs, within a second or so, until it is resumed; also over
 * restarts. Its rows and checkpoint stand. False: it was paused already.
 */
export async function requestPause(pool: Pool, projection: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    'insert into projection.pauses (projection) values ($1) on conflict do nothing',
    [projection],
  );
  return rowCount === 1;
}

/** Has a paused projection go on where it stopped. False: it was not paused. */
export async function requestResume(pool: Pool, projection: string): Promise<boolean> {
  const { rowCount } = await pool.query('delete from projection.pauses where projection = $1', [
    projection,
  ]);
  return rowCount === 1;
}

/** What is paused, of these. One that is built again stops with its projection. */
export async function pausedOf(
  client: pg.ClientBase | Pool,
  definitions: readonly ProjectionDefinition[],
): Promise<readonly ProjectionDefinition[]> {
  const { rows } = await client.query<{ projection: string }>(
    'select projection from projection.pauses',
  );
  const names = new Set(rows.map(({ projection }) => projection));
  return definitions.filter(({ name, rebuilds }) => names.has(rebuilds?.name ?? name));
}

/** Whether a version was never at the head of the log so far. */
export async function isBooting(
  client: pg.ClientBase,
  { name, version }: ProjectionDefinition,
): Promise<boolean> {
  const { rowCount } = await client.query(
    'select 1 from projection.versions where projection = $1 and version = $2 and caught_up_at is null',
    [name, version],
  );
  return rowCount === 1;
}

/**
 * Writes down that a version was at the head of the log, and makes the indexes of its tables, in the
 * open transaction. Tables of a rebuild need none: they are read from end to end, or by key.
 */
export async function endBooting(
  client: pg.ClientBase,
  { name, version, tables, rebuilds }: ProjectionDefinition,
): Promise<void> {
  const indexes = rebuilds === undefined ? tables.flatMap((one) => indexesSql(one, version)) : [];
  // A long history takes longer than a batch may. An index is logged page by page, and to compress
  // them took three times as long as to build it and saved a fifth of the bytes.
  await client.query(`
    set local statement_timeout = 0;
    set local maintenance_work_mem = '128MB';
    select set_config('wal_compression', 'off', true)
     where has_parameter_privilege('wal_compression', 'SET')`);
  for (const statement of indexes) await client.query(statement);
  await client.query(
    'update projection.versions set caught_up_at = now() where projection = $1 and version = $2',
    [name, version],
  );
}

/** Writes down which of these cannot go on, and why; the others do. */
export async function tellFailures(
  pool: Pool,
  all: readonly { readonly definition: ProjectionDefinition; readonly cause: string | null }[],
): Promise<void> {
  const rows = all.map(({ definition: { name, version }, cause }) => ({
    ...{ projection: name, version, cause },
  }));
  await pool.query(
    `with told as (
       select * from jsonb_to_recordset($1) as t (projection text, version integer, cause text)),
     over as (
       delete from projection.failures f using told t
        where f.projection = t.projection and f.version = t.version and t.cause is null)
     insert into projection.failures (projection, version, cause)
       select projection, version, cause from told where cause is not null
       on conflict (projection, version) do update set cause = excluded.cause
        where failures.cause <> excluded.cause`,
    [JSON.stringify(rows)],
  );
}
