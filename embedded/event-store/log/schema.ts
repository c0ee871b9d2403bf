import type pg from 'pg';

/** One step of the schema, in a transaction of its own. */
export type Migration = { readonly name: string; readonly sql: string };

/** Forward only: a step that has shipped is never edited, the next one is appended. */
const MIGRATIONS: readonly Migration[] = [
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
  {
    name: 'followers of the log',
    sql: `
      create table event_store.follower (
        name text collate "C" primary key,
        enabled boolean not null,
        position bigint not null
      );
      comment on table event_store.follower is
        'Whether a follower of the log runs, and the position up to which its links are in the log: written in the transaction of the links.';
    `,
  },
];

/** What this program can read and write. */
export const supportedSchemaVersion = MIGRATIONS.length;

/** Version of the log in this database; 0: there is none. */
export const schemaVersion = async (client: pg.ClientBase): Promise<number> => {
  const there = await client.query<[string | null]>({
    text: "select to_regclass('event_store.migration')::text",
    rowMode: 'array',
  });
  if (there.rows[0]?.[0] == null) return 0;
  const found = await client.query<[string]>({
    text: 'select coalesce(max(version), 0)::text from event_store.migration',
    rowMode: 'array',
  });
  return Number(found.rows[0]?.[0] ?? 0);
};

/** Brings the schema up to date. The caller holds the node's lock, so nobody else does it too. */
export const migrate = async (
  client: pg.Client,
  steps: readonly Migration[] = MIGRATIONS,
): Promise<void> => {
  await client.query('create schema if not exists event_store');
  await client.query(`create table if not exists event_store.migration (
    version integer primary key, name text not null, applied_at timestamptz not null default now())`);
  const version = await schemaVersion(client);
  if (version > steps.length) {
    throw new Error(
      `the event log has schema version ${version}, this node knows ${steps.length}: start a newer node`,
    );
  }
  for (const [index, step] of steps.entries()) {
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
