import { type Database, type Migration, migrate } from '../../platform/postgres/index.ts';

/**
 * Notified when something was written that a worker of any process can take. The payload names the
 * workers it is for, separated by commas; an empty one is for all.
 */
export const WAKE_CHANNEL = 'pawprint_saga';

/** Held shared while inputs are taken, exclusively while parked ones are taken again. */
export const PARKING_LOCK = `hashtextextended('pawprint saga parking', 7)`;

const migrations: readonly Migration[] = [
  {
    name: '0001-instances-timers-outbox',
    sql: `
      create table saga.checkpoints (
        consumer text primary key,
        log_id text not null,
        position numeric(20, 0) not null,
        ordinal bigint not null,
        event_id text not null,
        updated_at timestamptz not null default now()
      );
      comment on table saga.checkpoints is 'Where the sagas stand in the log, saved with everything that followed from it.';

      create table saga.instances (
        saga text not null,
        instance text not null,
        state jsonb not null,
        revision integer not null,
        last_input text not null,
        last_ordinal bigint,
        updated_at timestamptz not null default now(),
        primary key (saga, instance)
      );
      comment on column saga.instances.revision is 'How many inputs the instance has had.';
      comment on column saga.instances.last_input is 'The newest of them: an event type, timer:<name> or refused:<command>.';

      create table saga.timers (
        id uuid primary key,
        saga text not null,
        instance text not null,
        name text not null,
        due_at timestamptz not null,
        status text not null check (status in ('pending', 'fired', 'cancelled')),
        correlation_id text not null,
        updated_at timestamptz not null default now(),
        unique (saga, instance, name)
      );
      create index timers_due on saga.timers (due_at) where status = 'pending';
      comment on table saga.timers is 'One row per name and instance: scheduling a name again moves its timer.';

      create sequence saga.fences;
      create table saga.outbox (
        seq bigint generated always as identity primary key,
        id uuid not null unique,
        saga text not null,
        instance text not null,
        kind text not null check (kind in ('command', 'side-effect')),
        name text not null,
        key text not null,
        lane text not null,
        payload jsonb not null,
        status text not null default 'pending' check (status in ('pending', 'leased', 'done', 'dead')),
        attempts integer not null default 0,
        next_attempt_at timestamptz not null default now(),
        lease_until timestamptz,
        fence bigint,
        last_error text,
        cause_event_id text not null,
        correlation_id text not null,
        created_at timestamptz not null default now(),
        done_at timestamptz
      );
      create unique index outbox_effect on saga.outbox (name, key) where kind = 'side-effect';
      create index outbox_pending on saga.outbox (kind, next_attempt_at) where status = 'pending';
      create index outbox_leased on saga.outbox (kind, lease_until) where status = 'leased';
      create index outbox_lane on saga.outbox (saga, instance, lane, seq) where status in ('pending', 'leased');
      create index outbox_done on saga.outbox (done_at) where status = 'done';
      create index outbox_dead on saga.outbox (seq) where status = 'dead';
      comment on column saga.outbox.key is 'Command id or idempotency key of the side effect: the same for every attempt.';
      comment on column saga.outbox.lane is 'Rows of one lane of an instance are done one after the other.';
      comment on column saga.outbox.fence is 'Grows with every lease; a result under an older one is refused.';
      comment on column saga.outbox.cause_event_id is 'The event, timer or refused command that this follows from.';

      create table saga.outbox_attempts (
        outbox_id uuid not null references saga.outbox (id) on delete cascade,
        attempt integer not null,
        fence bigint not null,
        worker text not null,
        started_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        outcome text,
        error text,
        primary key (outbox_id, attempt)
      );
      comment on column saga.outbox_attempts.ended_at is 'Null: still running, or its worker was killed.';

      create table saga.parked (
        id bigint generated always as identity primary key,
        saga text not null,
        instance text not null,
        input jsonb not null,
        cause text,
        parked_at timestamptz not null default now()
      );
      create index parked_instance on saga.parked (saga, instance, id);
      comment on table saga.parked is 'Inputs that could not be taken, and the later ones of the same instance that wait behind them. Events are named, not copied.';
      comment on column saga.parked.cause is 'Why it could not be taken; null: it only waits behind an earlier one.';`,
  },
  {
    name: '0002-requests',
    sql: `
      create table saga.requests (
        id bigint generated always as identity primary key,
        kind text not null check (kind in ('poke', 'replay', 'cancel')),
        saga text not null,
        instance text not null,
        subject text not null,
        asked_by text not null,
        asked_at timestamptz not null default clock_timestamp(),
        answered_at timestamptz,
        answer jsonb,
        trouble text
      );
      create unique index requests_open on saga.requests (kind, saga, instance, subject) where answered_at is null;
      create index requests_instance on saga.requests (saga, instance);
      create index requests_answered on saga.requests (answered_at) where answered_at is not null;
      comment on table saga.requests is 'What operators ask of an instance. Whoever runs the sagas looks each second: reading a parked event takes keys that operators do not have.';
      comment on column saga.requests.subject is 'Of a replay: the outbox row that was given up, or parked. Empty: the whole instance.';
      comment on column saga.requests.trouble is 'Why it could not be tried yet; it is tried again.';

      alter table saga.outbox drop constraint outbox_status_check,
        add constraint outbox_status_check check (status in ('pending', 'leased', 'done', 'dead', 'cancelled')),
        add column attempts_before integer not null default 0;
      comment on column saga.outbox.attempts_before is 'Attempts of earlier rounds: a replay begins a new one.';
      drop index saga.outbox_done;
      create index outbox_over on saga.outbox (done_at) where status in ('done', 'cancelled');

      alter table saga.parked add column attempts integer not null default 1;
      comment on column saga.parked.attempts is 'How often it was tried; what waits behind another was not.';`,
  },
  {
    // A lease changes no column that an index knows, and a page has room for what becomes of its rows:
    // taking a row writes one new version of it (HOT), and no entry in four or five indexes.
    name: '0003-open-rows',
    sql: `
      alter table saga.outbox add column ended text
        generated always as (case when status in ('pending', 'leased') then null else status end) stored;
      comment on column saga.outbox.ended is 'How it ended; null: it is open. What indexes go by, because taking a row does not change it.';
      drop index saga.outbox_pending, saga.outbox_leased, saga.outbox_lane, saga.outbox_over, saga.outbox_dead;
      create index outbox_open on saga.outbox (kind, seq) where ended is null;
      create index outbox_lane on saga.outbox (saga, instance, lane, seq) where ended is null;
      create index outbox_over on saga.outbox (done_at) where ended in ('done', 'cancelled');
      create index outbox_dead on saga.outbox (seq) where ended = 'dead';
      alter table saga.outbox set (fillfactor = 60);
      alter table saga.outbox_attempts set (fillfactor = 70);
      alter table saga.instances set (fillfactor = 70);`,
  },
];

export const migrateSagas = (pool: Database): Promise<void> =>
  migrate(pool, { schema: 'saga', migrations });
