import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { batchOf, databaseAfter } from '../_fixtures/applied.ts';
import { season } from '../_fixtures/season.ts';
import { projections } from '../index.ts';
import { physicalName } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';
import { dumpProjection } from './dump.ts';
import { openGroup } from './group.ts';
import type { GroupSession } from './member.ts';
import { prepareShadow, rebuildProgress, requestRebuild, shadowOf } from './rebuild.ts';
import { prepareReadModels } from './schema.ts';

const history = season({ enrollments: 20 });
const cut = history.length - 5;
const shadows = projections.map((definition) => shadowOf(definition));

let database: TestDatabase;
let pool: Pool;
const sessions = new Set<GroupSession>();

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterEach(async () => {
  for (const session of sessions) await session.close();
  sessions.clear();
  await pool.query('drop schema if exists read, projection, rebuild cascade');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function open(definitions: readonly ProjectionDefinition[]): Promise<GroupSession> {
  const session = await openGroup({
    url: database.url,
    definitions,
    log: createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' }),
    stopping: new AbortController().signal,
    readEvents: async () => [],
  });
  sessions.add(session);
  return session;
}

async function close(session: GroupSession): Promise<void> {
  sessions.delete(session);
  await session.close();
}

async function built(): Promise<void> {
  await prepareReadModels(pool, projections);
  const session = await open(projections);
  await session.apply(batchOf(history.slice(0, cut)));
  await close(session);
}

const hashesIn = async (where: Pool) =>
  (await Promise.all(projections.map((definition) => dumpProjection(where, definition))))
    .flat()
    .map(({ table, rows, sha256 }) => `${table} ${rows} ${sha256}`);

async function expected(): Promise<readonly string[]> {
  const plain = await databaseAfter(history);
  try {
    return await hashesIn(plain.pool);
  } finally {
    await plain.drop();
  }
}

const tableOf = (name: string, table: string): string => {
  const definition = projections.find((one) => one.name === name);
  const found = definition?.tables.find((one) => one.name === table);
  if (definition === undefined || found === undefined) throw new Error(`no ${table} of ${name}`);
  return `read.${physicalName(found, definition.version)}`;
};

test('every projection is built again beside itself and ends as the log says, whatever was there', async () => {
  await built();
  const enrollments = tableOf('enrollments', 'enrollments');
  await pool.query(`update ${enrollments} set status = 'nonsense' where status = 'confirmed'`);
  await pool.query(`delete from ${tableOf('finance-journal', 'finance_journal')}`);
  await pool.query(
    `insert into ${tableOf('audit-events', 'audit_events')}
     select (jsonb_populate_record(t, '{"ordinal": 999999}')).* from ${tableOf('audit-events', 'audit_events')} t limit 1`,
  );
  const requests = [];
  for (const definition of projections) requests.push(await requestRebuild(pool, definition));
  for (const shadow of shadows) await prepareShadow(pool, shadow);

  const session = await open([...projections, ...shadows]);
  for (let at = 0; at < history.length; at += 50) {
    const batch = history.slice(at, at + 50);
    await session.apply(batchOf(batch, at + 50 >= history.length));
  }
  expect(await hashesIn(pool)).toEqual(await expected());
  expect(session.members.map(({ definition }) => definition)).toEqual(projections);

  const ended = await Promise.all(requests.map(({ id }) => rebuildProgress(pool, id)));
  expect(ended.every((one) => one?.finishedAt instanceof Date && one.trouble === null)).toBe(true);
  const of = (name: string) => ended.find((one) => one?.projection === name);
  expect(of('articles')).toMatchObject({ changed: 0, removed: 0 });
  expect(of('audit-events')).toMatchObject({ changed: 0, removed: 1 });
  expect(of('finance-journal')?.changed).toBeGreaterThan(0);
  expect(of('enrollments')?.changed).toBeGreaterThan(0);
  const left = await pool.query(
    "select 1 from pg_class where relnamespace = 'rebuild'::regnamespace",
  );
  expect(left.rowCount).toBe(0);
  const rows = await pool.query(
    "select projection from projection.checkpoints where projection like 'rebuild:%'",
  );
  expect(rows.rowCount).toBe(0);
});

test('while it is built, queries read what was there; it takes over only with its projection', async () => {
  await built();
  const before = await hashesIn(pool);
  const [definition] = projections;
  const [shadow] = shadows;
  if (definition === undefined || shadow === undefined) throw new Error('no projections');
  await requestRebuild(pool, definition);
  await prepareShadow(pool, shadow);
  const alone = await open([shadow]);
  await alone.apply(batchOf(history.slice(0, cut), true));
  expect(await hashesIn(pool)).toEqual(before);
  expect(alone.members).toHaveLength(1);
  await close(alone);

  // Side by side, and the one that is built has handled less: what it has is older than what is read.
  const [, other] = projections;
  const [, shadowOfOther] = shadows;
  if (other === undefined || shadowOfOther === undefined) throw new Error('one projection only');
  await requestRebuild(pool, other);
  await prepareShadow(pool, shadowOfOther);
  const both = await open([other, shadowOfOther]);
  await both.apply(batchOf(history.slice(0, 50), true));
  expect(both.members).toHaveLength(2);
  expect(await hashesIn(pool)).toEqual(before);
});

test('one that was cut goes on where it was; one that is asked for anew begins at the start', async () => {
  await built();
  const [definition] = projections;
  const [shadow] = shadows;
  if (definition === undefined || shadow === undefined) throw new Error('no projections');
  const first = await requestRebuild(pool, definition);
  // Asked for twice it is one.
  expect((await requestRebuild(pool, definition)).id).toBe(first.id);
  await prepareShadow(pool, shadow);
  const session = await open([shadow]);
  await session.apply(batchOf(history.slice(0, 50)));
  await close(session);

  await prepareShadow(pool, shadow);
  expect(await rebuildProgress(pool, first.id)).toMatchObject({ handled: 50, of: cut });
  const again = await open([shadow]);
  expect(again.checkpoint?.ordinal).toBe(50);
  await close(again);

  await pool.query('update projection.rebuilds set finished_at = now()');
  const second = await requestRebuild(pool, definition);
  expect(second.id).not.toBe(first.id);
  await prepareShadow(pool, shadow);
  expect(await rebuildProgress(pool, second.id)).toMatchObject({ handled: 0 });
});

test('what is parked of it is parked of the projection from then on', async () => {
  await built();
  const definition = projections.find(({ name }) => name === 'enrollments');
  if (definition === undefined) throw new Error('no enrollments');
  const shadow = shadowOf(definition);
  await pool.query(
    `insert into projection.parked (projection, version, ordinal, key, position, event_id, stream, revision, type, attempts, parked_at)
     values ('enrollments', $1, 1, 'old', 1, 'x', 's-1', 0, 'T', 1, now())`,
    [definition.version],
  );
  await requestRebuild(pool, definition);
  await prepareShadow(pool, shadow);
  const session = await open([definition, shadow]);
  const victim = history.find(({ type }) => type === 'EnrollmentRequested');
  if (victim === undefined) throw new Error('the season has no enrollment');
  const poisoned = history.map((event) =>
    event === victim ? { ...event, poison: new Error('unreadable') } : event,
  );
  await session.apply(batchOf(poisoned, true));
  const { rows } = await pool.query<{ projection: string; key: string }>(
    'select distinct projection, key from projection.parked',
  );
  const key = String((victim.data as { enrollmentId: string }).enrollmentId);
  expect(rows).toEqual([{ projection: 'enrollments', key }]);
  expect(session.members[0]?.parked).toEqual(new Set([key]));
});
