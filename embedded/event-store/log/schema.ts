import type pg from 'pg';

/** Forward only: a step that has shipped is never edited, the next one is appended. */
const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  {
    name: 'the log',
    sql: `
      create table event_store.event (
        position bigint primary key,
        stream text collate "C" not null,
        revision bigint not null,
        id uuid not null,
        type text collate "C" not null,
        json boolean not null,
        created bigint not null,
        checksum integer not null,
        data bytea not null,
        metadata bytea not null,
        constraint one_event_per_revision unique (stream, revision)
      );
      comment on table event_store.event is
        'The log. Written by one event store node only; rows are never changed or removed.';
      comment on column event_store.event.created is '100-nanosecond ticks since the Unix epoch';
      comment on column event_store.event.checksum is
        'CRC-32 over position, stream, revision, id, type, json, created, data and metadata';
    `,
  },
];

/** Brings the schema up to date. The caller holds the node's lock, so nobody else does it too. */
export const migrate = async (client: pg.Client): Promise<void> => {
  await client.query('create schema if not exists event_store');
  await client.query(`create table if not exists event_store.migration (
    version integer primary key, name text not null, applied_at timestamptz not null default now())`);
  const found = await client.query<[string]>({
    text: 'select coalesce(max(version), 0)::text from event_store.migration',
    rowMode: 'array',
  });
  const version = Number(found.rows[0]?.[0] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the event log has schema version ${version}, this node knows ${MIGRATIONS.length}: start a newer node`,
    );
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue;
    await client.query('begin');
    try {
      await client.query(step.sql);
      await client.query('insert into event_store.migration (version, name) values ($1, $2)', [
        index + 1,
        step.name,
      ]);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
  }
};
