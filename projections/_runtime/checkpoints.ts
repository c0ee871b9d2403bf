import type pg from 'pg';
import type { Batch } from '../../platform/consumer/types.ts';
import type { ProjectionDefinition } from './definition.ts';
import type { Member } from './member.ts';

/** The channel on which every move of `seen` is told: `{ seen, projections, versions }`, or `{ reset }`. */
export const SEEN_CHANNEL = 'projection_seen';

type CheckpointRow = {
  readonly projection: string;
  readonly log_id: string | null;
  readonly position: string | null;
  readonly ordinal: number;
  readonly event_id: string | null;
  readonly seen: string | null;
  readonly live: boolean;
};

/** The database has no row for a projection: `prepareReadModels` has not run. */
export class NotPreparedError extends Error {
  override readonly name = 'NotPreparedError';
}

const named = (definitions: readonly ProjectionDefinition[]): [string[], number[]] => [
  definitions.map(({ name }) => name),
  definitions.map(({ version }) => version),
];

/** Positions are read as text: they are 64 bits wide. */
export async function readMembers(
  client: pg.ClientBase,
  definitions: readonly ProjectionDefinition[],
): Promise<Member[]> {
  const { rows } = await client.query<CheckpointRow>(
    `select projection, log_id, position::text, ordinal, event_id, seen::text, live
     from unnest($1::text[], $2::int[]) as wanted (projection, version)
     join projection.versions using (projection, version)
     join projection.checkpoints using (projection, version)`,
    named(definitions),
  );
  const parked = await client.query<{ projection: string; key: string }>(
    `select distinct projection, key from projection.parked
     join unnest($1::text[], $2::int[]) as wanted (projection, version) using (projection, version)`,
    named(definitions),
  );
  return definitions.flatMap((definition) => {
    const row = rows.find(({ projection }) => projection === definition.name);
    if (row === undefined) {
      // A rebuild that is finished has none any more; those it stood beside go on.
      if (definition.rebuilds !== undefined) return [];
      throw new NotPreparedError(`${definition.name} has no checkpoint row`);
    }
    const { log_id: logId, position, ordinal, event_id: eventId, seen, live } = row;
    const known = logId !== null && position !== null && eventId !== null;
    return {
      definition,
      checkpoint: known
        ? { logId, position: BigInt(position), ordinal: Number(ordinal), eventId }
        : null,
      seen: seen === null ? null : BigInt(seen),
      parked: new Set(
        parked.rows.filter((p) => p.projection === definition.name).map((p) => p.key),
      ),
      live,
      due: !live,
    };
  });
}

/** Moves the checkpoints of all members forward, never back, and tells who waits for them. */
export async function saveCheckpoints(
  client: pg.ClientBase,
  members: readonly Member[],
  { checkpoint, seen }: Batch,
): Promise<void> {
  const definitions = members.map(({ definition }) => definition);
  const [names, versions] = named(definitions);
  const live = members.filter((one) => one.live).map(({ definition }) => definition.name);
  await client.query({
    name: 'save checkpoints',
    text: `
      with moved as (
        update projection.checkpoints c set
          log_id = case when $4 > ordinal then $3 else log_id end,
          position = case when $4 > ordinal then $5 else position end,
          event_id = case when $4 > ordinal then $6 else event_id end,
          ordinal = greatest(ordinal, $4),
          seen = greatest(seen, $7),
          updated_at = now()
        from unnest($1::text[], $2::int[]) as wanted (projection, version)
        where c.projection = wanted.projection and c.version = wanted.version
          and ($4 > ordinal or seen is null or seen < $7)
        returning c.projection, c.version)
      select pg_notify($8, json_build_object('seen', $7::text, 'projections', json_agg(projection),
          'versions', json_agg(version))::text)
        from moved where projection = any ($9::text[]) having count(*) > 0`,
    values: [
      names,
      versions,
      checkpoint?.logId ?? null,
      checkpoint?.ordinal ?? 0,
      checkpoint?.position.toString() ?? null,
      checkpoint?.eventId ?? null,
      seen.toString(),
      SEEN_CHANNEL,
      live,
    ],
  });
}

/** Un-parking that another process asked for, until it was tried (`replayParked`). */
export async function readUnparkRequests(
  client: pg.ClientBase,
  definitions: readonly ProjectionDefinition[],
): Promise<{ projection: string; key: string }[]> {
  const { rows } = await client.query<{ projection: string; key: string }>({
    name: 'read unpark requests',
    text: `
      select distinct projection, key from projection.parked
        join unnest($1::text[], $2::int[]) as wanted (projection, version) using (projection, version)
        where unpark_requested`,
    values: named(definitions),
  });
  return rows;
}
