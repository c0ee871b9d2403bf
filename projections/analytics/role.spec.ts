import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { sealDatabase } from '../../embedded/postgres/seal.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { ensureReadOnlyRole } from '../../platform/postgres/read-only-role.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { databaseAfter } from '../_fixtures/applied.ts';
import { season } from '../_fixtures/season.ts';
import { prepareReadModels } from '../_runtime/schema.ts';
import { projections } from '../index.ts';
import { analyticsViews } from './index.ts';

const log = createLogger({ level: 'silent', name: 'spec' });
const name = `analyst_${randomBytes(6).toString('hex')}`;
const password = "kibble at 'noon'";
const role = { name, password, searchPath: 'analytics' };
const views = { ...analyticsViews, readableBy: name };

let database: Awaited<ReturnType<typeof databaseAfter>>;
let elsewhere: TestDatabase;
const clients = new Set<pg.Client>();

beforeAll(async () => {
  elsewhere = await createTestDatabase();
  // The views are there before the role is; the next start lets it read them.
  database = await databaseAfter(season(), views);
  await Promise.all([database.url, elsewhere.url].map(sealDatabase));
  for (const _twice of [1, 2]) {
    expect(await ensureReadOnlyRole(database.pool, role, log)).toBe('ready');
    await prepareReadModels(database.pool, projections, views);
  }
});
afterEach(async () => {
  for (const client of clients) await client.end();
  clients.clear();
});
afterAll(async () => {
  await database.drop();
  const admin = createPool({ url: elsewhere.url, name: 'spec' });
  await admin.query(`drop role ${name}`);
  await admin.end();
  await elsewhere.drop();
});

async function analyst(databaseUrl = database.url): Promise<pg.Client> {
  const url = new URL(databaseUrl);
  url.username = name;
  url.password = password;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  clients.add(client);
  return client;
}

const INSUFFICIENT_PRIVILEGE = { code: '42501' };

describe('an analyst', () => {
  test('reads every view, by its bare name', async () => {
    const client = await analyst();
    for (const view of analyticsViews.views) {
      const { rows } = await client.query(`select count(*)::int as rows from ${view.name}`);
      expect(rows[0].rows, view.name).toBeGreaterThan(0);
    }
  });

  test('can read nothing else in the database', async () => {
    const client = await analyst();
    const { rows } = await client.query<{ relation: string }>(
      `select c.oid::regclass::text as relation from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
         and n.nspname not like 'pg\\_toast%'
         and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`,
    );
    const readable = rows.map(({ relation }) => relation).sort();
    expect(readable).toEqual(analyticsViews.views.map((view) => view.name).sort());
    for (const table of ['read.activity_roster', 'read.pets', 'projection.pseudonym_key']) {
      await expect(client.query(`select * from ${table}`)).rejects.toMatchObject(
        INSUFFICIENT_PRIVILEGE,
      );
    }
  });

  test('has no rights by way of another role', async () => {
    const client = await analyst();
    const { rows } = await client.query<{ role: string }>(
      `select rolname as role from pg_roles where rolname <> current_user and pg_has_role(oid, 'member')`,
    );
    expect(rows).toEqual([]);
    const { rows: rights } = await client.query(
      `select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
       from pg_roles where rolname = current_user`,
    );
    expect(Object.values(rights[0]).some(Boolean)).toBe(false);
    await expect(client.query("select pg_read_file('PG_VERSION')")).rejects.toMatchObject(
      INSUFFICIENT_PRIVILEGE,
    );
  });

  test('cannot enter another database', async () => {
    await expect(analyst(elsewhere.url)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  });

  test.each([
    "update analytics.activities set title = 'x'",
    'delete from analytics.payments',
    'create table analytics.mine (a int)',
    'create table public.mine (a int)',
    'create temporary table mine (a int)',
    'create schema mine',
    'select lo_create(0)',
    'select pg_advisory_lock(1)',
    "select pg_notify('projection_seen', 'x')",
    'truncate read.enrollments_v3',
  ])('cannot write or disturb, nor after switching the guard off: %s', async (statement) => {
    const client = await analyst();
    await expect(client.query(statement)).rejects.toMatchObject({
      code: expect.stringMatching(/^(25006|42501)$/),
    });
    await client.query('set default_transaction_read_only = off');
    await expect(client.query(statement)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  });

  test('starts with time-outs, and a slow query is cut', async () => {
    const client = await analyst();
    const of = async (setting: string) =>
      (await client.query<{ value: string }>('select current_setting($1) as value', [setting]))
        .rows[0]?.value;
    expect(await of('default_transaction_read_only')).toBe('on');
    expect(await of('statement_timeout')).toBe('1min');
    expect(await of('lock_timeout')).toBe('5s');
    expect(await of('idle_in_transaction_session_timeout')).toBe('1min');
    expect(await of('transaction_timeout')).toBe('5min');
    // The role's own time-out, made short: waiting a minute would prove the same.
    await database.pool.query(`alter role ${name} set statement_timeout = '100ms'`);
    const impatient = await analyst();
    await expect(
      impatient.query('select count(*) from journal_lines a, journal_lines b, journal_lines c'),
    ).rejects.toMatchObject({ code: '57014' });
    // The next start puts it right.
    await ensureReadOnlyRole(database.pool, role, log);
    const { rows } = await (await analyst()).query('show statement_timeout');
    expect(rows[0].statement_timeout).toBe('1min');
  });

  test('without a password is a role that only others are given', async () => {
    await ensureReadOnlyRole(database.pool, { ...role, password: null }, log);
    await expect(analyst()).rejects.toMatchObject({ code: '28000' });
    await ensureReadOnlyRole(database.pool, role, log);
    await analyst();
  });
});

test('what the guide shows in SQL runs as it says', async () => {
  const page = join(import.meta.dirname, '../../docs/how-to/query-the-read-models.md');
  const blocks = [...(await readFile(page, 'utf8')).matchAll(/```sql\n(.*?)```/gs)];
  const statements = blocks.map(([, sql = '']) => sql);
  const asked = statements.filter((sql) => sql.startsWith('select'));
  expect(asked.length).toBeGreaterThan(1);
  const client = await analyst();
  for (const sql of asked) expect((await client.query(sql)).rowCount, sql).toBeGreaterThan(0);

  const [letIn] = statements.filter((sql) => sql.startsWith('create role'));
  const somebody = `${name}_ann`;
  const forHer = letIn?.replaceAll('pawprint_analyst', name).replaceAll(/\bann\b/g, somebody);
  const admin = await database.pool.connect();
  try {
    await admin.query('begin');
    await admin.query(forHer ?? '');
    await admin.query(`set local role ${somebody}`);
    expect((await admin.query('select from analytics.freshness')).rowCount).toBeGreaterThan(0);
    await expect(admin.query('select from read.pets')).rejects.toMatchObject(
      INSUFFICIENT_PRIVILEGE,
    );
  } finally {
    await admin.query('rollback');
    admin.release();
  }
});

test('the role of the containers starts with the same settings', async () => {
  const init = await readFile(join(import.meta.dirname, '../../deploy/postgres/init.sql'), 'utf8');
  const { rows } = await database.pool.query<{ setting: string }>(
    `select unnest(setconfig) as setting from pg_db_role_setting where setrole = $1::regrole`,
    [name],
  );
  const ours = rows.map(({ setting }) => setting.replace('=', ' = ').replace(/"/g, '')).sort();
  const theirs = [...init.matchAll(/alter role pawprint_analyst set (.+);/g)]
    .map(([, setting = '']) => setting.replaceAll("'", ''))
    .sort();
  expect(theirs).toEqual(ours);
  expect(theirs.length).toBeGreaterThan(5);
});

test('where our user may make no roles the views are made, and the log says what to do', async () => {
  const owner = `owner_${randomBytes(6).toString('hex')}`;
  const managed = await createTestDatabase();
  const admin = createPool({ url: managed.url, name: 'spec' });
  await admin.query(`create role ${owner} login password 'owner-of-this'`);
  await admin.query(`alter database ${new URL(managed.url).pathname.slice(1)} owner to ${owner}`);
  const url = new URL(managed.url);
  url.username = owner;
  url.password = 'owner-of-this';
  const pool = createPool({ url: url.href, name: 'spec' });
  try {
    const lines = new PassThrough();
    const missing = { name: `${name}_missing`, password, searchPath: 'analytics' };
    expect(await ensureReadOnlyRole(pool, missing, pino(lines))).toBe('not allowed');
    lines.end();
    const said = await text(lines);
    expect(said).toContain(`create role \\"${missing.name}\\"`);
    expect(said).toContain('statement_timeout');
    expect(said).not.toContain('SCRAM');
    await prepareReadModels(pool, projections, { ...views, readableBy: missing.name });
    const { rows } = await pool.query('select count(*)::int as rows from analytics.freshness');
    expect(rows[0].rows).toBe(analyticsViews.views.length);
    // Made by somebody who may: from the next start on it may read.
    await admin.query(`create role ${missing.name}`);
    await prepareReadModels(pool, projections, { ...views, readableBy: missing.name });
    // There, though not ours to change: nothing for anybody to do, so no warning.
    const later = new PassThrough();
    expect(await ensureReadOnlyRole(pool, missing, pino({ level: 'warn' }, later))).toBe(
      'not allowed',
    );
    later.end();
    expect(await text(later)).toBe('');
    const granted = await pool.query('select has_table_privilege($1, $2, $3) as may', [
      ...[missing.name, 'analytics.payments', 'select'],
    ]);
    expect(granted.rows[0].may).toBe(true);
  } finally {
    await pool.end();
    await admin.end();
    await managed.drop();
    const cleaner = createPool({ url: elsewhere.url, name: 'spec' });
    await cleaner.query(`drop role ${owner}; drop role if exists ${name}_missing`);
    await cleaner.end();
  }
});
