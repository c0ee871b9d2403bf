import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { projections } from '../index.ts';
import { dumpProjection } from './dump.ts';
import { rebuildProgress, requestRebuild } from './rebuild.ts';
import { type Projections, startProjections } from './start.ts';

let log: LogOfRecord;
let started: Projections[] = [];

beforeAll(async () => {
  log = await startLogOfRecord();
});
afterEach(async () => {
  for (const one of started) await one.stop();
  started = [];
});
afterAll(() => log.stop());

async function start(options: { near?: number } = {}): Promise<Projections> {
  const running = await startProjections({
    eventStore: log.eventStore,
    url: log.databaseUrl,
    definitions: projections,
    log: log.log,
    ...options,
  });
  started.push(running);
  return running;
}

/** Stores an article's draft and tells the position of the newest event. */
async function draft(seed: string): Promise<bigint> {
  const articleId = deriveId('art', seed);
  const commandId = randomUUID();
  const now = '2026-05-01T08:00:00.000Z';
  const outcome = await log.eventStore.append(
    `article-${articleId}`,
    -1,
    [
      {
        id: eventIdOf(commandId, 'article', 0),
        type: 'ArticleDrafted',
        data: {
          articleId,
          slug: `tips-${seed}`,
          title: 'Tips',
          summary: '',
          body: 'Body',
          tags: [],
          language: 'en',
        },
        metadata: {
          commandId,
          inputHash: '',
          $correlationId: commandId,
          $causationId: commandId,
          actor: { kind: 'system', id: 'spec' },
          occurredAt: now,
          recordedAt: now,
          schemaVersion: 1,
        },
      },
    ],
    { deadline: Date.now() + 5000 },
  );
  if (outcome.kind !== 'appended') throw new Error(outcome.kind);
  return log.eventStore.head();
}

const soon = () => AbortSignal.timeout(15_000);
const slugs = async (): Promise<string[]> =>
  (
    await log.pool.query<{ slug: string }>('select slug from read.articles order by ordinal')
  ).rows.map(({ slug }) => slug);
const lineOf = (running: Projections, name: string) =>
  running.health().find((health) => health.name === name);

test('read models follow the log, over a restart, and a rebuild is byte-identical', async () => {
  const first = await start();
  await first.reached(await draft('one'), soon());
  expect(await slugs()).toEqual(['tips-one']);
  await first.stop();

  const position = await draft('two');
  const second = await start();
  await second.reached(position, soon());
  expect(await slugs()).toEqual(['tips-one', 'tips-two']);
  await expect.poll(() => lineOf(second, 'articles')?.phase).toBe('live');
  expect(lineOf(second, 'articles')).toMatchObject({ parkedKeys: 0, standing: false });
  await second.stop();

  const dumps = async () =>
    (await Promise.all(projections.map((definition) => dumpProjection(log.pool, definition))))
      .flat()
      .map(({ table, sha256 }) => `${table} ${sha256}`);
  const live = await dumps();
  await log.pool.query('drop schema read, projection cascade');
  const rebuilt = await start();
  await rebuilt.reached(position, soon());
  expect(await dumps()).toEqual(live);
});

test('a projection that lags has a reader of its own until it has caught up', async () => {
  const running = await start();
  await running.reached(await draft('three'), soon());
  await running.stop();
  await log.pool.query(
    `delete from read.articles_v1; update projection.checkpoints set ordinal = 0, position = null,
       event_id = null, log_id = null, seen = null where projection = 'articles'`,
  );
  const sessions = async () =>
    (
      await log.pool.query(
        "select 1 from pg_stat_activity where datname = current_database() and application_name like 'pawprint projections %'",
      )
    ).rowCount;
  const again = await start({ near: 0 });
  await expect.poll(sessions).toBe(2);
  // Once it has caught up, one session and one subscription serve them all.
  await expect.poll(sessions, { timeout: 10_000 }).toBe(1);
  await again.reached(await draft('late'), soon());
  expect(await slugs()).toEqual(['tips-one', 'tips-two', 'tips-three', 'tips-late']);
  expect(
    again
      .health()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(projections.map(({ name }) => name).sort());
});

test('a second process stands by, says so, and takes over', async () => {
  const first = await start();
  await first.reached(await draft('four'), soon());
  const second = await start();
  await expect.poll(() => lineOf(second, 'articles')?.phase).toBe('standby');
  await expect(second.unpark('articles', 'k')).rejects.toThrow(/does not run here/);
  await first.stop();
  await second.reached(await draft('five'), soon());
  expect((await slugs()).at(-1)).toBe('tips-five');
});

test('a projection is built again while it is read and written, again and again', async () => {
  const running = await start();
  await running.reached(await draft('six'), soon());
  const articles = projections.find(({ name }) => name === 'articles');
  if (articles === undefined) throw new Error('no articles');
  const before = await dumpProjection(log.pool, articles);
  const least = before[0]?.rows ?? 0;
  const fewest: number[] = [];
  let reading = true;
  const reader = (async () => {
    while (reading) fewest.push((await slugs()).length);
  })();
  onTestFinished(async () => {
    reading = false;
    await reader;
  });
  for (const round of ['a', 'b']) {
    await log.pool.query("update read.articles_v1 set title = 'Damaged' where slug = 'tips-six'");
    const { id } = await requestRebuild(log.pool, articles);
    const position = await draft(`meanwhile-${round}`);
    await expect
      .poll(async () => (await rebuildProgress(log.pool, id))?.finishedAt, { timeout: 15_000 })
      .toBeInstanceOf(Date);
    expect(await rebuildProgress(log.pool, id)).toMatchObject({ changed: 1, removed: 0 });
    await running.reached(position, soon());
    expect((await slugs()).at(-1)).toBe(`tips-meanwhile-${round}`);
  }
  reading = false;
  await reader;
  expect(Math.min(...fewest)).toBe(least);
  const { rows } = await log.pool.query("select 1 from read.articles where title = 'Damaged'");
  expect(rows).toEqual([]);
  await expect
    .poll(() =>
      running
        .health()
        .map(({ name }) => name)
        .sort(),
    )
    .toEqual(projections.map(({ name }) => name).sort());
});

test('a table that somebody dropped is made again by a rebuild, and read when it is whole', async () => {
  const articles = projections.find(({ name }) => name === 'articles');
  if (articles === undefined) throw new Error('no articles');
  const running = await start();
  await running.reached(await draft('before-the-drop'), soon());
  const before = await slugs();
  await log.pool.query('drop table read.articles_v1 cascade');
  // Its projection hears of it with the next event.
  await draft('after-the-drop');
  await expect
    .poll(() => lineOf(running, 'articles')?.trouble, { timeout: 10_000 })
    .toContain('articles_v1');

  const { id } = await requestRebuild(log.pool, articles);
  const read: string[][] = [];
  await expect
    .poll(
      async () => {
        const { rows } = await log.pool.query("select to_regclass('read.articles') as view");
        if (rows[0]?.view !== null) read.push(await slugs());
        return (await rebuildProgress(log.pool, id))?.finishedAt;
      },
      { timeout: 20_000 },
    )
    .toBeInstanceOf(Date);
  const all = [...before, 'tips-after-the-drop'];
  expect(read.every((one) => one.length === all.length)).toBe(true);
  expect(await slugs()).toEqual(all);
  const indexes = await log.pool.query("select 1 from pg_indexes where tablename = 'articles_v1'");
  expect(indexes.rowCount).toBeGreaterThan(1);
  const { rows } = await log.pool.query('select 1 from projection.parked');
  expect(rows).toEqual([]);
  await draft('at-last');
  await expect.poll(slugs, { timeout: 10_000 }).toEqual([...all, 'tips-at-last']);
}, 60_000);

test('a rebuild goes on in the process that takes over', async () => {
  const articles = projections.find(({ name }) => name === 'articles');
  if (articles === undefined) throw new Error('no articles');
  const first = await start();
  await first.reached(await draft('seven'), soon());
  const second = await start();
  await expect.poll(() => lineOf(second, 'articles')?.phase).toBe('standby');
  const { id } = await requestRebuild(log.pool, articles);
  await expect
    .poll(async () => (await rebuildProgress(log.pool, id))?.startedAt, { timeout: 10_000 })
    .toBeInstanceOf(Date);
  await first.stop();
  await expect
    .poll(async () => (await rebuildProgress(log.pool, id))?.finishedAt, { timeout: 15_000 })
    .toBeInstanceOf(Date);
});

test('a rebuild of a version that is not run any more is given up', async () => {
  await start();
  const { id } = await requestRebuild(log.pool, { name: 'articles', version: 99 });
  await expect
    .poll(() => rebuildProgress(log.pool, id), { timeout: 10_000 })
    .toMatchObject({ trouble: 'v99 is not run any more, v1 is', finishedAt: expect.any(Date) });
});
