import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { projections } from '../index.ts';
import type { TableFindings } from './compare.ts';
import { physicalName } from './ddl.ts';
import type { ProjectionDefinition, ReadRow, Reducer, RowChange } from './definition.ts';
import { lifeCycleOf, requestPause, requestResume } from './life-cycle.ts';
import { rebuildProgress, requestRebuild } from './rebuild.ts';
import { createSeenTracker, type SeenTracker } from './seen.ts';
import { type Projections, startProjections } from './start.ts';
import { type ProjectionStatus, projectionStatus } from './status.ts';
import type { AnyRow, AnyTable } from './table.ts';

// Two that listen to articles, so that one of them can stand while the other goes on.
const definitions = projections.filter(({ name }) => ['articles', 'audit-events'].includes(name));

let log: LogOfRecord;
let tracker: SeenTracker;
let running: Projections | undefined;

beforeAll(async () => {
  log = await startLogOfRecord();
  tracker = createSeenTracker({ url: log.databaseUrl, pool: log.pool, log: log.log });
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
});
afterAll(async () => {
  await tracker.stop();
  await log.stop();
});

async function start(auditEveryMs?: number): Promise<Projections> {
  running = await startProjections({
    ...{ eventStore: log.eventStore, url: log.databaseUrl, definitions, log: log.log },
    ...(auditEveryMs === undefined ? {} : { auditEveryMs }),
  });
  return running;
}

async function draft(seed: string): Promise<bigint> {
  const articleId = deriveId('art', seed);
  const commandId = randomUUID();
  const now = '2026-05-01T08:00:00.000Z';
  const data = { articleId, slug: `tips-${seed}`, title: 'Tips', summary: '', body: 'Body' };
  const outcome = await log.eventStore.append(
    `article-${articleId}`,
    -1,
    [
      {
        id: eventIdOf(commandId, 'article', 0),
        type: 'ArticleDrafted',
        data: { ...data, tags: [], language: 'en' },
        metadata: {
          ...{ commandId, inputHash: '', $correlationId: commandId, $causationId: commandId },
          actor: { kind: 'system', id: 'spec' },
          ...{ occurredAt: now, recordedAt: now, schemaVersion: 1 },
        },
      },
    ],
    { deadline: Date.now() + 5000 },
  );
  if (outcome.kind !== 'appended') throw new Error(outcome.kind);
  return log.eventStore.head();
}

const PATIENCE = { timeout: 15_000, interval: 50 };
const seenBy = (name: string, position: bigint, ms: number) =>
  tracker.waitFor([name], position, { deadline: Date.now() + ms });

async function statusOf(name: string): Promise<ProjectionStatus> {
  const all = await projectionStatus(log.pool, log.eventStore, definitions);
  const found = all.find(({ projection }) => projection === name);
  if (found === undefined) throw new Error(`no status of ${name}`);
  return found;
}

const becomes = (name: string, wanted: Partial<ProjectionStatus>) =>
  expect.poll(() => statusOf(name), PATIENCE).toMatchObject(wanted);

const [articles] = definitions.filter(({ name }) => name === 'articles') as [ProjectionDefinition];
const [table] = articles.tables as [AnyTable];
const live = `read.${physicalName(table, articles.version)}`;

test.each([
  ['detached', { known: false, paused: true }],
  ['paused', { paused: true, failed: true }],
  ['failed', { failed: true, caughtUp: true }],
  ['new', { begun: false }],
  ['booting', {}],
  ['live', { caughtUp: true }],
])('it is %s', (state, signs) => {
  const plain = { known: true, paused: false, failed: false, begun: true, caughtUp: false };
  expect(lifeCycleOf({ ...plain, ...signs })).toBe(state);
});

test('a paused projection stands over a restart and is never read stale; the other goes on; it catches up', async () => {
  await start();
  expect(await seenBy('articles', await draft('one'), 10_000)).toBe('seen');
  await becomes('articles', { state: 'live', doing: 'at-head' });

  expect(await requestPause(log.pool, 'articles')).toBe(true);
  expect(await requestPause(log.pool, 'articles')).toBe(false);
  await becomes('articles', { state: 'paused', doing: 'nobody' });
  const { handled } = await statusOf('articles');
  const second = await draft('two');
  expect(await seenBy('audit-events', second, 10_000)).toBe('seen');
  expect(await seenBy('articles', second, 300)).toBe('timeout');

  await running?.stop();
  await start();
  const third = await draft('three');
  expect(await seenBy('audit-events', third, 10_000)).toBe('seen');
  expect(await seenBy('articles', third, 300)).toBe('timeout');
  expect(await statusOf('articles')).toMatchObject({ state: 'paused', handled });

  expect(await requestResume(log.pool, 'articles')).toBe(true);
  expect(await seenBy('articles', third, 10_000)).toBe('seen');
  await becomes('articles', { state: 'live', doing: 'at-head', trouble: null });
  const { rows } = await log.pool.query('select slug from read.articles order by ordinal');
  expect(rows.map(({ slug }) => slug)).toEqual(['tips-one', 'tips-two', 'tips-three']);
});

async function compared(): Promise<TableFindings | undefined> {
  const { id } = await requestRebuild(log.pool, articles, 'compare');
  await expect
    .poll(async () => (await rebuildProgress(log.pool, id))?.finishedAt, PATIENCE)
    .toBeInstanceOf(Date);
  const ended = await rebuildProgress(log.pool, id);
  expect(ended).toMatchObject({ kind: 'compare', trouble: null });
  return ended?.findings?.tables[0];
}

test('a comparison finds what was planted and changes nothing', async () => {
  await start();
  expect(await seenBy('articles', await draft('four'), 10_000)).toBe('seen');
  expect(await compared()).toMatchObject({ onlyLive: 0, onlyLog: 0, different: 0, first: null });

  const of = (seed: string) => deriveId('art', seed);
  await log.pool.query(`update ${live} set title = 'planted' where article_id = $1`, [of('one')]);
  await log.pool.query(`delete from ${live} where article_id = $1`, [of('two')]);
  await log.pool.query(
    `insert into ${live} select (jsonb_populate_record(t, '{"article_id": "art_0", "slug": "odd"}')).*
       from ${live} t where article_id = $1`,
    [of('three')],
  );
  expect(await compared()).toMatchObject({
    ...{ rows: { live: 4, log: 4 }, onlyLive: 1, onlyLog: 1, different: 1 },
    first: { key: { article_id: 'art_0' }, what: 'only-live', columns: [] },
  });
  await log.pool.query(`delete from ${live} where article_id = 'art_0'`);
  await log.pool.query(`delete from ${live} where article_id <> $1`, [of('one')]);
  const { rows } = await log.pool.query(`select title from ${live}`);
  expect(rows).toEqual([{ title: 'planted' }]);
  expect((await statusOf('articles')).compared?.rows).toBe(3);
  const left = await log.pool.query(
    "select 1 from pg_class where relnamespace = 'rebuild'::regnamespace",
  );
  expect(left.rowCount).toBe(0);
});

test('a comparison finds what a reducer with a bug made, once that is mended', async () => {
  await log.pool.query('drop schema read, projection, rebuild cascade');
  const wrong = definitions.map((one) => ({
    ...one,
    reducers: new Map(
      [...one.reducers].map(([type, reduce]): [string, Reducer] => [
        type,
        (event) => reduce(event).map((change) => ({ ...change, apply: misspelled(change) })),
      ]),
    ),
  }));
  running = await startProjections({
    ...{ eventStore: log.eventStore, url: log.databaseUrl, definitions: wrong, log: log.log },
  });
  // Not the tracker: it remembers what it heard of the tables that are gone.
  await running.reached(await log.eventStore.head(), AbortSignal.timeout(10_000));
  await running.stop();
  await start();
  expect(await compared()).toMatchObject({
    ...{ rows: { live: 4, log: 4 }, onlyLive: 0, onlyLog: 0, different: 4 },
    first: { what: 'different', columns: ['title'] },
  });
  await log.pool.query(`delete from ${live} where article_id <> $1`, [deriveId('art', 'one')]);
});

const misspelled = (change: RowChange) => (row: AnyRow | null, read: ReadRow) => {
  const made = change.apply(row, read);
  return made === null || !('title' in made) ? made : { ...made, title: 'Tipps' };
};

async function rebuilt(): Promise<void> {
  const { id } = await requestRebuild(log.pool, articles);
  await expect
    .poll(async () => (await rebuildProgress(log.pool, id))?.finishedAt, PATIENCE)
    .toBeInstanceOf(Date);
}

/** Until an audit that began from now on has ended, and what it made known. */
async function audited(): Promise<{ rows: number | undefined; told: boolean | undefined }> {
  await running?.stop();
  const { rows: begun } = await log.pool.query<{ id: number }>(
    'select coalesce(max(id), 0)::int as id from projection.rebuilds',
  );
  await start(100);
  const ended = async () => {
    const { rows } = await log.pool.query(
      `select 1 from projection.rebuilds where kind = 'audit' and projection = 'articles'
         and id > $1 and trouble is null and finished_at is not null`,
      [begun[0]?.id],
    );
    return rows.length > 0;
  };
  await expect.poll(ended, PATIENCE).toBe(true);
  const { compared: last, trouble } = await statusOf('articles');
  return { rows: last?.rows, told: trouble?.includes('say something else than the log') };
}

test('the self-audit finds what drifted by itself, and is content after a rebuild', async () => {
  await start();
  await running?.reached(await draft('audited'), AbortSignal.timeout(10_000));
  await rebuilt();
  const drifted = deriveId('art', 'audited');
  await log.pool.query(`update ${live} set title = 'drifted' where article_id = $1`, [drifted]);
  expect(await audited()).toEqual({ rows: 1, told: true });
  await running?.stop();
  await start();
  await rebuilt();
  expect(await audited()).toEqual({ rows: 0, told: undefined });
});

test('one that cannot go on has failed, says why, and is live again when that is mended', async () => {
  await start();
  await becomes('articles', { state: 'live', doing: 'at-head' });
  await log.pool.query(`alter table ${live} rename to hidden`);
  const position = await draft('five');
  await becomes('articles', { state: 'failed', trouble: expect.stringContaining('articles_v1') });
  await log.pool.query(`alter table read.hidden rename to ${live.replace('read.', '')}`);
  expect(await seenBy('articles', position, 10_000)).toBe('seen');
  await becomes('articles', { state: 'live', doing: 'at-head' });
});
