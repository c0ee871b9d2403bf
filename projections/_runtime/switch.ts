import type pg from 'pg';
import type { Pool } from '../../platform/postgres/index.ts';
import type { ProjectionDefinition } from './definition.ts';

/**
 * Wants queries to read a version: whoever runs it has it take over once it has caught up. Other
 * versions that are there now do not take over by themselves any more; one that is made later does.
 */
export async function requestSwitch(
  pool: Pool,
  { name, version }: { readonly name: string; readonly version: number },
): Promise<void> {
  await pool.query(
    `insert into projection.switches (projection, version) values ($1, $2)
     on conflict (projection) do update set version = excluded.version, requested_at = now()`,
    [name, version],
  );
}

export type Reading = {
  readonly definition: ProjectionDefinition;
  /** Whether queries read it. */
  readonly live: boolean;
  /** Whether somebody wants queries to read it. */
  readonly wanted: boolean;
  /** Somebody wants queries to read another version: it does not take over. */
  readonly held: boolean;
};

/** What queries read and are to read, of these. */
export async function readReadings(
  client: pg.ClientBase,
  definitions: readonly ProjectionDefinition[],
): Promise<readonly Reading[]> {
  const { rows } = await client.query<Omit<Reading, 'definition'> & { name: string }>({
    name: 'read readings',
    text: `
      select v.projection as name, v.live, s.version is not distinct from v.version as wanted,
        coalesce(s.version <> v.version and v.created_at <= s.requested_at, false) as held
      from unnest($1::text[], $2::int[]) as ours (projection, version)
      join projection.versions v using (projection, version)
      left join projection.switches s on s.projection = v.projection`,
    values: [definitions.map(({ name }) => name), definitions.map(({ version }) => version)],
  });
  return definitions.flatMap((definition) => {
    const row = rows.find(({ name }) => name === definition.name);
    if (row === undefined) return [];
    const { live, wanted, held } = row;
    return [{ definition, live, wanted, held }];
  });
}

/** A version cannot take over yet: the one queries read has handled more. Not a fault. */
export class BehindError extends Error {
  override readonly name = 'BehindError';
}

/** Which other version of a projection queries read, and how much it has handled; null: none. */
export async function readBeside(
  client: pg.ClientBase,
  { name, version }: ProjectionDefinition,
): Promise<{ readonly version: number; readonly ordinal: number } | null> {
  const { rows } = await client.query<{ version: number; ordinal: number }>({
    name: 'read beside',
    text: `
      select version, ordinal from projection.versions join projection.checkpoints using (projection, version)
        where projection = $1 and version <> $2 and live`,
    values: [name, version],
  });
  return rows[0] ?? null;
}

/**
 * Throws a `BehindError` when the version queries read until now has handled more than so many
 * events: a read that has waited for it would be shown less. It handles none until the open
 * transaction ends, so this comes last in it. Ordinals: they stay the same when a log is moved.
 */
export async function refuseBehind(
  client: pg.ClientBase,
  other: { readonly name: string; readonly version: number },
  handled: number,
): Promise<void> {
  const { rows } = await client.query<{ ordinal: number }>(
    'select ordinal from projection.checkpoints where projection = $1 and version = $2 for update',
    [other.name, other.version],
  );
  const ordinal = rows[0]?.ordinal ?? 0;
  if (ordinal > handled) {
    throw new BehindError(`v${other.version} has handled ${ordinal} events, this one ${handled}`);
  }
}
