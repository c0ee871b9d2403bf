import type { EventStore } from '../../platform/event-store/index.ts';
import { type Pool, transaction } from '../../platform/postgres/index.ts';
import type { SagaDefinition } from './definition.ts';
import type { InstanceInput, ParkedInput } from './inputs.ts';
import { PARKING_LOCK, WAKE_CHANNEL } from './schema.ts';
import { takeInputs } from './take-inputs.ts';

export type SagaStats = {
  readonly waiting: { readonly commands: number; readonly sideEffects: number };
  /** Age of the oldest row that waits, in seconds. */
  readonly oldestSeconds: number;
  readonly dead: number;
  readonly parked: number;
  readonly timers: number;
};

/**
 * `stuck`: something parked or given up on. `working`: outbox rows wait or run. `waiting`: for a
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
  readonly status: InstanceStatus;
};

/** What operators can see and do. Everything here is a look at rows, or a change of them. */
export type SagaInspector = {
  stats(): Promise<SagaStats>;
  /** Newest first. */
  list(filter?: {
    saga?: string;
    status?: InstanceStatus;
    limit?: number;
  }): Promise<readonly SagaInstance[]>;
  /** One instance with its timers, outbox rows, attempts and parked inputs; null: there is none. */
  explain(saga: string, instance: string): Promise<Readonly<Record<string, unknown>> | null>;
  /** Gives a dead row another round of attempts. False: it is not dead. */
  retry(outboxId: string): Promise<boolean>;
  /** Gives up a row that waits or is dead. False: it is running or done. */
  cancel(outboxId: string): Promise<boolean>;
  /** Takes the parked inputs of an instance again, in order. How many were taken. */
  unpark(saga: string, instance: string): Promise<number>;
};

const STATS = `
  select count(*) filter (where kind = 'command' and status <> 'dead')::int as commands,
         count(*) filter (where kind = 'side-effect' and status <> 'dead')::int as effects,
         coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where status <> 'dead')), 0)::float8 as oldest,
         count(*) filter (where status = 'dead')::int as dead,
         (select count(distinct (saga, instance)) from saga.parked)::int as parked,
         (select count(*) from saga.timers where status = 'pending')::int as timers
    from saga.outbox where status in ('pending', 'leased', 'dead')`;

/** Also an instance whose first input was parked: it has no row of its own yet. */
const LISTED = `
  select n.saga, n.instance, i.state, coalesce(i.revision, 0) as revision,
         i.last_input as "lastInput", coalesce(i.updated_at, n.parked_at) as "updatedAt",
         (select count(*) from saga.parked p where p.saga = n.saga and p.instance = n.instance)::int as parked,
         (select count(*) from saga.outbox o where o.saga = n.saga and o.instance = n.instance
             and o.status in ('pending', 'leased'))::int as waiting,
         (select count(*) from saga.outbox o where o.saga = n.saga and o.instance = n.instance
             and o.status = 'dead')::int as dead,
         (select count(*) from saga.timers t where t.saga = n.saga and t.instance = n.instance
             and t.status = 'pending')::int as timers
    from (select saga, instance, max(at) as parked_at
            from (select saga, instance, updated_at as at from saga.instances
                  union all select saga, instance, parked_at from saga.parked) as inputs
           where $1::text is null or saga = $1 group by saga, instance) as n
    left join saga.instances i on i.saga = n.saga and i.instance = n.instance`;

export function inspectSagas(options: {
  pool: Pool;
  eventStore: Pick<EventStore, 'readStream'>;
  definitions: readonly SagaDefinition[];
}): SagaInspector {
  const { pool, eventStore } = options;
  const sagas = new Map(options.definitions.map((saga) => [saga.name, saga]));

  const inputOf = async (
    saga: SagaDefinition,
    instance: string,
    parked: ParkedInput,
  ): Promise<InstanceInput> => {
    const of = { saga, instance, reference: parked };
    if (parked.kind === 'timer') {
      const { id, correlationId, name, dueAt } = parked;
      return {
        ...of,
        origin: { id, correlationId, ordinal: null },
        input: { kind: 'timer', name, dueAt },
      };
    }
    if (parked.kind === 'refused') {
      const { id, correlationId, refusal } = parked;
      return {
        ...of,
        origin: { id, correlationId, ordinal: null },
        input: { kind: 'refused', ...refusal },
      };
    }
    const { stream, revision, ordinal } = parked;
    const [event] = await eventStore.readStream(stream, { from: revision, max: 1 });
    if (event === undefined) throw new RangeError(`${stream} has no event ${revision}`);
    return {
      ...of,
      origin: { id: event.id, correlationId: event.metadata.$correlationId, ordinal },
      input: { kind: 'event', event: { ...event, ordinal, poison: null } },
    };
  };

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
    list: async ({ saga, status, limit = 100 } = {}) => {
      const { rows } = await pool.query<SagaInstance>(
        `select * from (
           select listed.*, case when parked + dead > 0 then 'stuck' when waiting > 0 then 'working'
                                 when timers > 0 then 'waiting' else 'settled' end as status
             from (${LISTED}) as listed) as judged
          where $2::text is null or status = $2
          order by "updatedAt" desc, saga, instance limit $3`,
        [saga ?? null, status ?? null, limit],
      );
      return rows;
    },
    explain: async (saga, instance) => {
      const { rows } = await pool.query<{ explained: Record<string, unknown> | null }>(
        `select case when i.saga is null and p.waiting is null then null else jsonb_build_object(
                  'saga', $1::text, 'instance', $2::text, 'state', i.state, 'revision', i.revision,
                  'lastInput', i.last_input, 'updatedAt', i.updated_at,
                  'timers', (select coalesce(jsonb_agg(to_jsonb(t) order by t.due_at), '[]')
                               from saga.timers t where t.saga = $1 and t.instance = $2),
                  'outbox', (select coalesce(jsonb_agg(to_jsonb(o) || jsonb_build_object('attemptLog',
                               (select coalesce(jsonb_agg(to_jsonb(a) order by a.attempt), '[]')
                                  from saga.outbox_attempts a where a.outbox_id = o.id)) order by o.seq), '[]')
                               from saga.outbox o where o.saga = $1 and o.instance = $2),
                  'parked', coalesce(p.waiting, '[]')) end as explained
           from (select 1) as one
           left join saga.instances i on i.saga = $1 and i.instance = $2
           left join lateral (select jsonb_agg(to_jsonb(q) order by q.id) as waiting
                                from saga.parked q where q.saga = $1 and q.instance = $2) p on true`,
        [saga, instance],
      );
      return rows[0]?.explained ?? null;
    },
    retry: async (outboxId) => {
      const { rowCount } = await pool.query(
        `with again as (
           update saga.outbox set status = 'pending', next_attempt_at = now(), done_at = null
            where id = $1 and status = 'dead' returning id)
         select pg_notify('${WAKE_CHANNEL}', '') from again`,
        [outboxId],
      );
      return rowCount === 1;
    },
    cancel: async (outboxId) => {
      const { rowCount } = await pool.query(
        `update saga.outbox set status = 'done', done_at = now(), last_error = 'cancelled by an operator'
          where id = $1 and status in ('pending', 'dead')`,
        [outboxId],
      );
      return rowCount === 1;
    },
    unpark: async (name, instance) => {
      const saga = sagas.get(name);
      if (saga === undefined) throw new TypeError(`there is no saga called ${name}`);
      return transaction(pool, async (session) => {
        // Inputs that arrive meanwhile wait: they must not queue behind rows that are on their way out.
        await session.query(`select pg_advisory_xact_lock(${PARKING_LOCK})`);
        const { rows } = await session.query<{ id: number; input: ParkedInput }>(
          'select id, input from saga.parked where saga = $1 and instance = $2 order by id',
          [name, instance],
        );
        const inputs: InstanceInput[] = [];
        for (const row of rows) inputs.push(await inputOf(saga, instance, row.input));
        await session.query('delete from saga.parked where saga = $1 and instance = $2', [
          name,
          instance,
        ]);
        const taken = await takeInputs(session, inputs);
        // Still not taken: everything stays as it was, and the operator hears why.
        const cause = taken.parked[0]?.cause;
        if (cause !== undefined) throw cause;
        return inputs.length;
      });
    },
  };
}
