import { type Migration, migrate, type Pool, transaction } from '../../platform/postgres/index.ts';
import { noteRewrite } from './changes.ts';
import { SEEN_CHANNEL } from './checkpoints.ts';
import { fingerprint, physicalName, tableSql, viewSql } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';
import { isHeldByReader, repointViews, type ViewSet } from './views.ts';

const migrations: readonly Migration[] = [
  {
    name: '0001-checkpoints-and-parked',
    sql: `
      create table projection.versions (
        projection text not null,
        version integer not null,
        fingerprint text not null,
        tables text[] not null,
        live boolean not null,
        created_at timestamptz not null default now(),
        primary key (projection, version)
      );
      create unique index versions_live on projection.versions (projection) where live;
      comment on table projection.versions is 'Versions of projections that own tables; the live one is what queries see.';

      create table projection.checkpoints (
        projection text not null,
        version integer not null,
        log_id text,
        position bigint,
        ordinal bigint not null,
        event_id text,
        seen bigint,
        updated_at timestamptz not null,
        primary key (projection, version),
        check ((position is null) = (ordinal = 0) and (log_id is null) = (ordinal = 0) and (event_id is null) = (ordinal = 0))
      );
      comment on table projection.checkpoints is 'Where each projection stands, saved with its rows in one transaction.';
      comment on column projection.checkpoints.position is 'Resume after this place of the log.';
      comment on column projection.checkpoints.ordinal is 'Application events handled, counted from the start of the log.';
      comment on column projection.checkpoints.seen is 'Everything up to here was delivered and is in the tables.';

      create table projection.parked (
        projection text not null,
        version integer not null,
        ordinal bigint not null,
        key text not null,
        position bigint not null,
        event_id text not null,
        stream text not null,
        revision bigint not null,
        type text not null,
        cause text,
        attempts integer not null,
        parked_at timestamptz not null,
        unpark_requested boolean not null default false,
        primary key (projection, version, ordinal)
      );
      create index parked_key on projection.parked (projection, version, key, ordinal);
      create index parked_requested on projection.parked (projection, version) where unpark_requested;
      comment on table projection.parked is 'Events that could not be applied, and the later events of the same key that wait behind them. The event itself stays in the log only.';
      comment on column projection.parked.cause is 'Why it could not be applied; null: it only waits behind an earlier one.';`,
  },
  {
    name: '0002-views-and-pseudonyms',
    sql: `
      create table projection.views (
        schema text not null,
        name text not null,
        fingerprint text not null,
        primary key (schema, name)
      );
      comment on table projection.views is 'Views over read models, for people who query in SQL.';
      comment on column projection.views.fingerprint is 'Tells whether this release would make it otherwise.';

      create table projection.view_sources (
        schema text not null,
        view text not null,
        projection text not null,
        version integer not null,
        primary key (schema, view, projection),
        foreign key (schema, view) references projection.views (schema, name) on delete cascade
      );
      comment on table projection.view_sources is 'Which versions of projections each view reads.';

      create table projection.pseudonym_key (
        single boolean primary key default true check (single),
        key text not null
      );
      insert into projection.pseudonym_key (key)
        values (gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text);
      comment on table projection.pseudonym_key is 'Keys the pseudonyms of people in views. Another key: other pseudonyms.';`,
  },
  {
    name: '0003-rebuilds',
    sql: `
      create schema if not exists rebuild;
      comment on schema rebuild is 'Tables of read models that are being built again, beside those that queries read.';

      create table projection.rebuilds (
        id bigint generated always as identity primary key,
        projection text not null,
        version integer not null,
        requested_at timestamptz not null default now(),
        started_at timestamptz,
        finished_at timestamptz,
        changed bigint,
        removed bigint,
        trouble text
      );
      create unique index rebuilds_open on projection.rebuilds (projection) where finished_at is null;
      comment on table projection.rebuilds is 'Read models that somebody asked to have built again from the log; whoever runs them does it.';
      comment on column projection.rebuilds.changed is 'Rows that were other than the log says, or missing.';
      comment on column projection.rebuilds.removed is 'Rows that the log says nothing of.';
      comment on column projection.rebuilds.trouble is 'Why it was not finished, or could not be so far.';`,
  },
  {
    name: '0004-rewrites',
    sql: `
      alter table projection.checkpoints
        add rewrites integer not null default 0,
        add rewritten_at bigint;
      comment on column projection.checkpoints.rewrites is 'How often rows changed otherwise than by the next event: by un-parking, a rebuild or another version.';
      comment on column projection.checkpoints.rewritten_at is 'How far it was then. Who follows it live and has seen no later event begins anew.';`,
  },
  {
    name: '0005-life-cycle-and-comparisons',
    sql: `
      alter table projection.versions add column caught_up_at timestamptz;
      comment on column projection.versions.caught_up_at is 'When it was at the head of the log for the first time; null: it was not yet.';

      create table projection.pauses (
        projection text primary key,
        paused_at timestamptz not null default now()
      );
      comment on table projection.pauses is 'Projections that somebody had stop. Whoever runs one looks each second.';

      create table projection.failures (
        projection text not null,
        version integer not null,
        cause text not null,
        since timestamptz not null default now(),
        primary key (projection, version)
      );
      comment on table projection.failures is 'Projections that cannot go on, for a reason that is no fault of an event. They are tried again all the time.';

      alter table projection.rebuilds
        add column kind text not null default 'rebuild' check (kind in ('rebuild', 'compare', 'audit')),
        add column findings jsonb;
      create index rebuilds_last on projection.rebuilds (projection, version, id);
      comment on column projection.rebuilds.kind is 'rebuild: rows that differ are put right. compare, audit: they are only told.';
      comment on column projection.rebuilds.findings is 'What a comparison found: how many rows differ, by table, and the first of them. No values.';`,
  },
  {
    name: '0006-switches',
    sql: `
      create table projection.switches (
        projection text primary key,
        version integer not null,
        requested_at timestamptz not null default now()
      );
      comment on table projection.switches is 'Versions that somebody wants queries to read. Whoever runs one has it take over; other versions that were there then do not.';`,
  },
];

/** Tables of read models are made and removed by one at a time. To be run in a transaction. */
export const SCHEMA_LOCK =
  "select pg_advisory_xact_lock(hashtextextended('pawprint read models', 7))";

/** Tables of a version were declared otherwise before: the change needs a new version. */
export class TableChangedError extends Error {
  override readonly name = 'TableChangedError';
}

/**
 * Makes everything projections and their queries need: the runtime's own tables, the tables of each
 * projection's version, and the views queries use where there is none yet. Repeating it does
 * nothing, so that the read API can do it as well and whoever starts first has it made.
 */
export async function prepareReadModels(
  pool: Pool,
  definitions: readonly ProjectionDefinition[],
  views: ViewSet | null = null,
): Promise<void> {
  await migrate(pool, { schema: 'projection', migrations });
  await transaction(pool, async (client) => {
    await client.query(SCHEMA_LOCK);
    await client.query('create schema if not exists read');
    const known = await client.query<{
      projection: string;
      version: number;
      fingerprint: string;
      live: boolean;
    }>('select projection, version, fingerprint, live from projection.versions');
    for (const definition of definitions) {
      const { name, version, tables } = definition;
      const ours = known.rows.filter((row) => row.projection === name);
      const present = ours.find((row) => row.version === version);
      if (present !== undefined) {
        if (present.fingerprint === fingerprint(definition)) continue;
        throw new TableChangedError(
          `the tables of ${name} v${version} were made with other columns: a change needs a new version`,
        );
      }
      const live = !ours.some((row) => row.live);
      const statements = tables.flatMap((table) => [
        ...tableSql(table, version),
        ...(live ? viewSql(table, version) : []),
      ]);
      await client.query(statements.join(';\n'));
      await client.query(
        `insert into projection.versions (projection, version, fingerprint, tables, live)
         values ($1, $2, $3, $4, $5)`,
        [
          name,
          version,
          fingerprint(definition),
          tables.map((table) => physicalName(table, version)),
          live,
        ],
      );
      await client.query(
        `insert into projection.checkpoints (projection, version, ordinal, updated_at)
         values ($1, $2, 0, now())`,
        [name, version],
      );
      // Its tables may have been there before, and somebody may know how far they had seen.
      await client.query('select pg_notify($1, $2)', [SEEN_CHANNEL, '{"reset":true}']);
    }
  });
  if (views !== null) await pointViewsIfFree(pool, views);
}

async function pointViewsIfFree(pool: Pool, views: ViewSet): Promise<void> {
  try {
    await transaction(pool, (client) => repointViews(client, views));
  } catch (error) {
    // Somebody's query is no reason not to start. The group does it with its first live batch, and
    // goes on trying.
    if (!isHeldByReader(error)) throw error;
  }
}

type Queryable = { query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> };

/**
 * Points the views queries use at this version, and those people query in SQL with them (null: there
 * are none). To be run in a transaction: switched at once, or not at all.
 */
export async function pointViewsAt(
  client: Queryable,
  { name, version, tables }: ProjectionDefinition,
  views: ViewSet | null,
): Promise<void> {
  await client.query(
    'update projection.versions set live = false where projection = $1 and live and version <> $2',
    [name, version],
  );
  await client.query(
    'update projection.versions set live = true where projection = $1 and version = $2',
    [name, version],
  );
  await noteRewrite(client, { name, version });
  // First what an analyst may hold for long: from the next line on every query waits for us.
  if (views !== null) await repointViews(client, views);
  await client.query(tables.flatMap((table) => viewSql(table, version)).join(';\n'));
}

/** Drops the tables of a version that is not live: after a switch that is not to be taken back. */
export async function dropVersion(pool: Pool, projection: string, version: number): Promise<void> {
  await transaction(pool, async (client) => {
    const gone = await client.query<{ tables: string[] }>(
      'delete from projection.versions where projection = $1 and version = $2 and not live returning tables',
      [projection, version],
    );
    const tables = gone.rows[0]?.tables;
    if (tables === undefined) {
      throw new Error(`${projection} v${version} is not there, or queries read it`);
    }
    for (const table of tables) await client.query(`drop table read.${table}`);
    const where = 'where projection = $1 and version = $2';
    await client.query(`delete from projection.checkpoints ${where}`, [projection, version]);
    await client.query(`delete from projection.parked ${where}`, [projection, version]);
    await client.query(`delete from projection.failures ${where}`, [projection, version]);
    await client.query(`delete from projection.switches ${where}`, [projection, version]);
  });
}
