import { type Migration, migrate, type Pool } from '../../platform/postgres/index.ts';

const migrations: readonly Migration[] = [
  {
    name: '0001-checkpoints-opaque',
    sql: `
      create table relay.checkpoints (
        consumer text primary key,
        log_id text not null,
        position numeric(20, 0) not null,
        ordinal bigint not null,
        event_id text not null,
        updated_at timestamptz not null default now()
      );
      comment on table relay.checkpoints is 'Where a relay stands in the log, saved once the broker has acknowledged everything up to there.';

      create table relay.opaque (
        consumer text not null,
        ordinal bigint not null,
        event_id text not null,
        stream text not null,
        type text not null,
        cause text not null,
        relayed_at timestamptz not null default now(),
        primary key (consumer, ordinal)
      );
      comment on table relay.opaque is 'Events that were relayed without their data, and why.';`,
  },
];

export const migrateRelay = (pool: Pool): Promise<void> =>
  migrate(pool, { schema: 'relay', migrations });
