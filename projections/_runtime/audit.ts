import type { Pool } from '../../platform/postgres/index.ts';
import type { ProjectionDefinition } from './definition.ts';

/**
 * Asks for the comparison of the projection that was not compared with the log for longest, if that
 * is longer ago than the interval and nothing else is being built: one at a time, whoever runs them.
 * What is paused may stand for days, and is not waited for. A rebuild counts, it compares as well. The name; null: nothing is due.
 */
export async function requestDueAudit(
  pool: Pool,
  definitions: readonly ProjectionDefinition[],
  everyMs: number,
): Promise<string | null> {
  const due = definitions.filter(({ rebuilds }) => rebuilds === undefined);
  const { rows } = await pool.query<{ projection: string }>(
    `with due as (
       select v.projection, v.version, coalesce(last.at, v.caught_up_at) as since
         from unnest($1::text[], $2::int[]) as ours (projection, version)
         join projection.versions v using (projection, version)
         left join lateral (
           select max(r.finished_at) as at from projection.rebuilds r
            where r.projection = v.projection and r.version = v.version) last on true
        where v.live and v.caught_up_at is not null)
     insert into projection.rebuilds (projection, version, kind)
       select projection, version, 'audit' from due
        where since <= now() - $3 * interval '1 ms'
          and not exists (select from projection.rebuilds r where finished_at is null
            and not exists (select from projection.pauses p where p.projection = r.projection))
        order by since, projection limit 1
     on conflict (projection) where finished_at is null do nothing
     returning projection`,
    [due.map(({ name }) => name), due.map(({ version }) => version), everyMs],
  );
  return rows[0]?.projection ?? null;
}
