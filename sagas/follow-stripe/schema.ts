import { type Database, type Migration, migrate } from '../../platform/postgres/index.ts';

/** Notified (without payload) when a webhook was stored. */
export const INBOX_CHANNEL = 'pawprint_stripe_inbox';

const migrations: readonly Migration[] = [
  {
    name: '0001-inbox-and-statement',
    sql: `
      create table stripe.inbox (
        event_id text primary key,
        type text not null,
        object_id text,
        object_type text,
        payload_hash text not null,
        body_encrypted bytea,
        status text not null default 'pending' check (status in ('pending', 'processed', 'ignored')),
        reason text,
        received_at timestamptz not null default clock_timestamp(),
        processed_at timestamptz,
        attempts integer not null default 0,
        next_attempt_at timestamptz not null default clock_timestamp(),
        last_error text
      );
      create index inbox_pending on stripe.inbox (next_attempt_at) where status = 'pending';
      create index inbox_object on stripe.inbox (object_id) where status = 'pending';
      create index inbox_bodies on stripe.inbox (received_at) where body_encrypted is not null;
      comment on table stripe.inbox is 'Every webhook once, for ever; bodies encrypted and removed after 30 days.';
      comment on column stripe.inbox.object_id is 'What is fetched again: the webhook itself is only a hint.';
      comment on column stripe.inbox.reason is 'Why it was ignored.';

      create sequence stripe.fences;
      create table stripe.object_leases (
        object_id text primary key,
        fence bigint not null,
        lease_until timestamptz not null
      );
      comment on table stripe.object_leases is 'One worker at a time follows an object, however many webhooks it has.';

      create table stripe.statement_cursor (
        name text primary key,
        created bigint not null,
        sweep jsonb,
        swept_at timestamptz,
        overlapped_at timestamptz
      );
      comment on column stripe.statement_cursor.created is 'Unix seconds: every line up to here was read, but for late ones.';
      comment on column stripe.statement_cursor.sweep is 'A sweep of several pages that is under way.';

      create table stripe.statement_seen (
        balance_transaction_id text primary key,
        content_hash text not null,
        seen_at timestamptz not null default now()
      );
      create index statement_seen_at on stripe.statement_seen (seen_at);
      comment on table stripe.statement_seen is 'Lines that were recorded lately: the overlap of two sweeps costs no command.';`,
  },
  {
    name: '0002-give-up',
    sql: `
      alter table stripe.inbox drop constraint inbox_status_check;
      alter table stripe.inbox add constraint inbox_status_check
        check (status in ('pending', 'processed', 'ignored', 'dead'));
      create index inbox_dead on stripe.inbox (object_id) where status = 'dead';
      comment on column stripe.inbox.status is 'dead: given up on, last_error says why; somebody has to look.';`,
  },
];

export const migrateStripe = (pool: Database): Promise<void> =>
  migrate(pool, { schema: 'stripe', migrations });
