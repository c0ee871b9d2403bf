import type { Pool } from '../../platform/postgres/index.ts';
import { type LifeCycle, lifeCycleOf } from './life-cycle.ts';

/** What the database says of a version of a projection, whoever runs it. */
export type Signs = {
  readonly projection: string;
  readonly version: number;
  readonly state: LifeCycle;
  /** Whether queries read this version. */
  readonly live: boolean;
  readonly pausedAt: Date | null;
  readonly failure: string | null;
  /** When its rows were last compared with the log or put right, and how many were other; null: never. */
  readonly comparedAt: Date | null;
  readonly drift: number | null;
};

type Row = Omit<Signs, 'state'> & { readonly begun: boolean; readonly caughtUp: boolean };

/** How every version stands in its life, those that this release does not have among them. */
export async function readSigns(
  pool: Pool,
  definitions: readonly { readonly name: string; readonly version: number }[],
): Promise<readonly Signs[]> {
  const { rows } = await pool.query<Row>(
    `select v.projection, v.version, v.live, p.paused_at as "pausedAt", f.cause as failure,
       c.seen is not null as begun, v.caught_up_at is not null as "caughtUp",
       last.finished_at as "comparedAt", last.rows as drift
     from projection.versions v
     join projection.checkpoints c using (projection, version)
     left join projection.pauses p using (projection)
     left join projection.failures f using (projection, version)
     left join lateral (
       select r.finished_at, case r.kind when 'rebuild' then 0 else (r.findings ->> 'rows')::int end as rows
         from projection.rebuilds r
        where r.projection = v.projection and r.version = v.version
          and r.finished_at is not null and r.trouble is null
        order by r.id desc limit 1) last on true
     where v.projection not like 'rebuild:%'
     order by v.projection, v.version`,
  );
  return rows.map(({ begun, caughtUp, ...row }) => {
    const known = definitions.some(
      ({ name, version }) => name === row.projection && version === row.version,
    );
    const [paused, failed] = [row.pausedAt !== null, row.failure !== null];
    return { ...row, state: lifeCycleOf({ known, paused, failed, begun, caughtUp }) };
  });
}
