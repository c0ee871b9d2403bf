import type { Database } from '../../platform/postgres/index.ts';
import { type DeadLetter, listDead } from './dead-letters.ts';

export type SagaStats = {
  readonly waiting: { readonly commands: number; readonly sideEffects: number };
  /** Age of the oldest row that waits, in seconds. */
  readonly oldestSeconds: number;
  readonly dead: number;
  readonly parked: number;
  readonly timers: number;
};

/** What should have happened this long ago and did not is stuck, milliseconds. */
export const OVERDUE_AFTER_MS = 60_000;

/**
 * `stuck`: an input is parked, a row was given up on, or a row that waits or a timer is overdue by
 * `OVERDUE_AFTER_MS`. `working`: outbox rows wait or run. `waiting`: for a
 * timer. `settled`: nothing is to come but new inputs.
 */
export const instanceStatuses = ['stuck', 'working', 'waiting', 'settled'] as const;
export type InstanceStatus = (typeof instanceStatuses)[number];

export type SagaInstance = {
  readonly saga: string;
  readonly instance: string;
  readonly state: unknown;
  readonly revision: number;
  /** Null: its first input is parked. */
  readonly lastInput: string | null;
  readonly updatedAt: Date;
  readonly parked: number;
  readonly waiting: number;
  readonly dead: number;
  /** Timers that have not fired. */
  readonly timers: number;
  /** When the next of them is due. */
  readonly nextTimer: Date | null;
  /**
   * The earliest moment of what makes it stuck: an input was parked, a row was given up, a row was
   * wanted, a timer was due. Null: it is not stuck.
   */
  readonly stuckSince: Date | null;
  readonly status: InstanceStatus;
};

/** What operators can see. What they can do: `requests.ts`. */
export type SagaInspector = {
  stats(): Promise<SagaStats>;
  /** Newest first. */
  list(filter?: {
    saga?: string;
    instance?: string;
    status?: InstanceStatus;
    limit?: number;
  }): Promise<readonly SagaInstance[]>;
  /** One instance with its timers, outbox rows, attempts and parked inputs; null: there is none. */
  explain(saga: string, instance: string): Promise<Readonly<Record<string, unknown>> | null>;
  /** What was given up or parked, the oldest first. */
  dead(): Promise<readonly DeadLetter[]>;
};

const STATS = `
  select count(*) filter (where kind = 'command')::int as commands,
         count(*) filter (where kind = 'side-effect')::int as effects,
         coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest,
         (select count(*) from saga.outbox where ended = 'dead')::int as dead,
         (select count(distinct (saga, instance)) from saga.parked)::int as parked,
         (select count(*) from saga.timers where status = 'pending')::int as timers
    from saga.outbox where ended is null`;

const OVERDUE = `clock_timestamp() - interval '${OVERDUE_AFTER_MS} milliseconds'`;

/** Also an instance whose first input was parked: it has no row of its own yet. */
const LISTED = `
  with held as (
    select saga, instance, count(*)::int as parked, min(parked_at) as since, max(parked_at) as newest
      from saga.parked group by 1, 2
  ), open as (
    select saga, instance, count(*) filter (where status <> 'dead')::int as waiting,
           count(*) filter (where status = 'dead')::int as dead,
           least(min(done_at) filter (where status = 'dead'),
                 min(created_at) filter (where status <> 'dead' and created_at < ${OVERDUE})) as since
      from saga.outbox where ended is null or ended = 'dead' group by 1, 2
  ), reminders as (
    select saga, instance, count(*)::int as timers, min(due_at) as next,
           min(due_at) filter (where due_at < ${OVERDUE}) as since
      from saga.timers where status = 'pending' group by 1, 2
  ), listed as (
    select saga, instance, i.state, coalesce(i.revision, 0) as revision, i.last_input as "lastInput",
           coalesce(i.updated_at, held.newest) as "updatedAt", coalesce(parked, 0) as parked,
           coalesce(waiting, 0) as waiting, coalesce(dead, 0) as dead, coalesce(timers, 0) as timers,
           reminders.next as "nextTimer", least(held.since, open.since, reminders.since) as "stuckSince"
      from saga.instances i full join held using (saga, instance)
      left join open using (saga, instance) left join reminders using (saga, instance)
  )
  select * from (
    select listed.*, case when "stuckSince" is not null then 'stuck' when waiting > 0 then 'working'
                          when timers > 0 then 'waiting' else 'settled' end as status from listed) as judged
   where ($1::text is null or saga = $1) and ($2::text is null or instance = $2)
     and ($3::text is null or status = $3)
   order by "updatedAt" desc, saga, instance limit $4`;

export function inspectSagas(pool: Database): SagaInspector {
  return {
    stats: async () => {
      const { rows } = await pool.query<{
        commands: number;
        effects: number;
        oldest: number;
        dead: number;
        parked: number;
        timers: number;
      }>(STATS);
      const row = rows[0] ?? { commands: 0, effects: 0, oldest: 0, dead: 0, parked: 0, timers: 0 };
      const { commands, effects: sideEffects, oldest: oldestSeconds, dead, parked, timers } = row;
      return { waiting: { commands, sideEffects }, oldestSeconds, dead, parked, timers };
    },
    list: async ({ saga, instance, status, limit = 100 } = {}) => {
      const asked = [saga ?? null, instance ?? null, status ?? null, limit];
      const { rows } = await pool.query<SagaInstance>(LISTED, asked);
      return rows;
    },
    dead: () => listDead(pool),
    explain: async (saga, instance) => {
      const { rows } = await pool.query<{ explained: Record<string, unknown> | null }>(
        `select case when i.saga is null and p.waiting is null then null else jsonb_build_object(
                  'saga', $1::text, 'instance', $2::text, 'state', i.state, 'revision', i.revision,
                  'lastInput', i.last_input, 'updatedAt', i.updated_at,
                  'timers', (select coalesce(jsonb_agg(to_jsonb(t) order by t.due_at), '[]')
                               from saga.timers t where t.saga = $1 and t.instance = $2),
                  'outbox', (select coalesce(jsonb_agg(to_jsonb(o) - 'ended' || jsonb_build_object('attemptLog',
                               (select coalesce(jsonb_agg(to_jsonb(a) order by a.attempt), '[]')
                                  from saga.outbox_attempts a where a.outbox_id = o.id)) order by o.seq), '[]')
                               from saga.outbox o where o.saga = $1 and o.instance = $2),
                  'parked', coalesce(p.waiting, '[]'),
                  'requests', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]')
                                 from saga.requests r where r.saga = $1 and r.instance = $2)) end as explained
           from (select 1) as one
           left join saga.instances i on i.saga = $1 and i.instance = $2
           left join lateral (select jsonb_agg(to_jsonb(q) order by q.id) as waiting
                                from saga.parked q where q.saga = $1 and q.instance = $2) p on true`,
        [saga, instance],
      );
      return rows[0]?.explained ?? null;
    },
  };
}
