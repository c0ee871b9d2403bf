import { type InstanceInput, instanceKey, type Session } from './inputs.ts';
import type { OutboxEntry, TimerChange } from './react.ts';
import { PARKING_LOCK, WAKE_CHANNEL } from './schema.ts';
import { type Worker, workersFor } from './workers.ts';

export type InstanceRow = {
  readonly saga: string;
  readonly instance: string;
  readonly state: unknown;
  /** How many inputs it has had. */
  readonly inputs: number;
  readonly lastInput: string;
  readonly lastOrdinal: number | null;
};

/**
 * Loads instances and keeps them to this transaction. Everybody locks instances before timers and
 * outbox rows, and in one order, so that nobody waits in a circle.
 */
export async function lockInstances(
  session: Session,
  inputs: readonly InstanceInput[],
): Promise<{ rows: Map<string, InstanceRow>; parked: Set<string> }> {
  const names = new Map(
    inputs.map(({ saga, instance }) => [
      instanceKey(saga.name, instance),
      { saga: saga.name, instance },
    ]),
  );
  const keys = [
    [...names.values()].map(({ saga }) => saga),
    [...names.values()].map(({ instance }) => instance),
  ];
  await session.query({
    name: 'share parking lock',
    text: `select pg_advisory_xact_lock_shared(${PARKING_LOCK})`,
  });
  const found = await session.query<InstanceRow>({
    name: 'lock instances',
    text: `
      select i.saga, i.instance, i.state, i.revision as inputs, i.last_input as "lastInput",
             i.last_ordinal as "lastOrdinal"
        from saga.instances i
        join unnest($1::text[], $2::text[]) as k(saga, instance) using (saga, instance)
       order by i.saga, i.instance for update of i`,
    values: keys,
  });
  const parked = await session.query<{ saga: string; instance: string }>({
    name: 'parked instances',
    text: `
      select distinct p.saga, p.instance from saga.parked p
        join unnest($1::text[], $2::text[]) as k(saga, instance) using (saga, instance)`,
    values: keys,
  });
  return {
    rows: new Map(found.rows.map((row) => [instanceKey(row.saga, row.instance), row])),
    parked: new Set(parked.rows.map((row) => instanceKey(row.saga, row.instance))),
  };
}

export type Changes = {
  readonly instances: readonly InstanceRow[];
  readonly outbox: readonly OutboxEntry[];
  readonly timers: readonly TimerChange[];
  readonly parked: readonly { readonly input: InstanceInput; readonly cause: Error | null }[];
};

/** Saves them; says which workers have something to do once it is committed. */
export async function saveInputs(
  session: Session,
  changes: Changes,
  now: number,
): Promise<readonly Worker[]> {
  if (changes.instances.length > 0) await saveInstances(session, changes.instances);
  if (changes.timers.length > 0) await saveTimers(session, changes.timers);
  if (changes.outbox.length > 0) await saveOutbox(session, changes.outbox);
  if (changes.parked.length > 0) await park(session, changes.parked);
  const workers = workersFor(changes, now);
  if (workers.length > 0) {
    // Workers of other processes hear it when this commits; our own are woken without it.
    await session.query(`select pg_notify('${WAKE_CHANNEL}', $1)`, [workers.join(',')]);
  }
  return workers;
}

async function saveInstances(session: Session, rows: readonly InstanceRow[]): Promise<void> {
  await session.query({
    name: 'save instances',
    text: `
      insert into saga.instances (saga, instance, state, revision, last_input, last_ordinal)
      select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::int[], $5::text[], $6::bigint[])
      on conflict (saga, instance) do update
         set state = excluded.state, revision = excluded.revision, last_input = excluded.last_input,
             last_ordinal = excluded.last_ordinal, updated_at = now()`,
    values: [
      rows.map((row) => row.saga),
      rows.map((row) => row.instance),
      rows.map((row) => JSON.stringify(row.state)),
      rows.map((row) => row.inputs),
      rows.map((row) => row.lastInput),
      rows.map((row) => row.lastOrdinal),
    ],
  });
}

async function saveTimers(session: Session, changes: readonly TimerChange[]): Promise<void> {
  const set = changes.filter((change) => change.at !== null);
  const off = changes.filter((change) => change.at === null);
  if (set.length > 0) {
    await session.query({
      name: 'set timers',
      text: `
        insert into saga.timers (id, saga, instance, name, due_at, correlation_id, status)
        select t.*, 'pending' from
               unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[]) as t
        on conflict (saga, instance, name) do update
           set id = excluded.id, due_at = excluded.due_at, status = 'pending',
               correlation_id = excluded.correlation_id, updated_at = now()`,
      values: [
        set.map((timer) => timer.id),
        set.map((timer) => timer.saga),
        set.map((timer) => timer.instance),
        set.map((timer) => timer.name),
        set.map((timer) => timer.at),
        set.map((timer) => timer.correlationId),
      ],
    });
  }
  if (off.length > 0) {
    await session.query({
      name: 'call timers off',
      text: `
        update saga.timers t set status = 'cancelled', updated_at = now()
          from unnest($1::text[], $2::text[], $3::text[]) as k(saga, instance, name)
         where t.saga = k.saga and t.instance = k.instance and t.name = k.name and t.status = 'pending'`,
      values: [
        off.map((timer) => timer.saga),
        off.map((timer) => timer.instance),
        off.map((timer) => timer.name),
      ],
    });
  }
}

async function saveOutbox(session: Session, rows: readonly OutboxEntry[]): Promise<void> {
  // A row that is there already (same id, or a side effect of the same key) is the same one.
  await session.query({
    name: 'save outbox',
    text: `
      insert into saga.outbox (id, saga, instance, kind, name, key, lane, payload, cause_event_id, correlation_id)
      select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                           $7::text[], $8::jsonb[], $9::text[], $10::text[])
      on conflict do nothing`,
    values: [
      rows.map((row) => row.id),
      rows.map((row) => row.saga),
      rows.map((row) => row.instance),
      rows.map((row) => row.kind),
      rows.map((row) => row.name),
      rows.map((row) => row.key),
      rows.map((row) => row.lane),
      rows.map((row) => JSON.stringify(row.payload)),
      rows.map((row) => row.cause),
      rows.map((row) => row.correlationId),
    ],
  });
}

async function park(session: Session, parked: Changes['parked']): Promise<void> {
  await session.query(
    `insert into saga.parked (saga, instance, input, cause, attempts)
     select saga, instance, input, cause, case when cause is null then 0 else 1 end
       from unnest($1::text[], $2::text[], $3::jsonb[], $4::text[]) as p(saga, instance, input, cause)`,
    [
      parked.map(({ input }) => input.saga.name),
      parked.map(({ input }) => input.instance),
      parked.map(({ input }) => JSON.stringify(input.reference)),
      parked.map(({ cause }) => cause?.message ?? null),
    ],
  );
}
