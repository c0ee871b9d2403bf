import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { renderMetrics } from '../../platform/telemetry/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { projections } from '../index.ts';
import { physicalName } from './ddl.ts';
import type { ProjectionDefinition } from './definition.ts';
import { rebuildProgress, requestRebuild } from './rebuild.ts';
import { createSeenTracker, type SeenTracker } from './seen.ts';
import { type Projections, startProjections } from './start.ts';
import { type ProjectionStatus, projectionStatus } from './status.ts';
import type { AnyTable } from './table.ts';

let log: LogOfRecord;
let tracker: SeenTracker;
let running: Projections;
/** Somebody with a psql. */
let hand: Pool;

const [articles] = projections.filter(({ name }) => name === 'articles') as [ProjectionDefinition];
const others = projections.filter((one) => one !== articles).map(({ name }) => name);
const name = physicalName((articles.tables as [AnyTable])[0], articles.version);

beforeAll(async () => {
  log = await startLogOfRecord();
  hand = createPool({ url: log.databaseUrl, name: 'hand', max: 1 });
  tracker = createSeenTracker({ url: log.databaseUrl, pool: log.pool, log: log.log });
  running = await startProjections({
    ...{ eventStore: log.eventStore, url: log.databaseUrl, definitions: projections, log: log.log },
  });
});
afterAll(async () => {
  await running?.stop();
  await tracker?.stop();
  await hand?.end();
  await log?.stop();
});

async function draft(seed: string): Promise<bigint> {
  const articleId = deriveId('art', seed);
  const commandId = randomUUID();
  const now = '2026-05-01T08:00:00.000Z';
  const data = { articleId, slug: `tips-${seed}`, title: 'Tips', summary: '', body: 'Body' };
  const metadata = {
    ...{ commandId, inputHash: '', $correlationId: commandId, $causationId: commandId },
    actor: { kind: 'system' as const, id: 'spec' },
    ...{ occurredAt: now, recordedAt: now, schemaVersion: 1 },
  };
  const id = eventIdOf(commandId, 'article', 0);
  const event = { id, type: 'ArticleDrafted', data: { ...data, tags: [], language: 'en' } };
  const outcome = await log.eventStore.append(
    `article-${articleId}`,
    -1,
    [{ ...event, metadata }],
    {
      deadline: Date.now() + 5000,
    },
  );
  if (outcome.kind !== 'appended') throw new Error(outcome.kind);
  return log.eventStore.head();
}

async function statusOf(projection: string): Promise<ProjectionStatus> {
  const all = await projectionStatus(log.pool, log.eventStore, projections);
  const found = all.find((one) => one.projection === projection);
  if (found === undefined) throw new Error(`no status of ${projection}`);
  return found;
}

const becomes = (projection: string, wanted: Partial<ProjectionStatus>) =>
  expect.poll(() => statusOf(projection), { timeout: 20_000, interval: 50 }).toMatchObject(wanted);

/** What the guarantee says of those that have nothing to do with it. */
const LAG_MS = 1000;

const faults = [
  {
    what: 'a table that is not there',
    begin: `alter table read.${name} rename to hidden`,
    end: `alter table read.hidden rename to ${name}`,
    told: /articles_v\d+/,
  },
  {
    what: 'a column that is not there',
    begin: `alter table read.${name} rename column title to headline`,
    end: `alter table read.${name} rename column headline to title`,
    told: /title/,
  },
  {
    what: 'a table that somebody has locked',
    begin: `begin; lock table read.${name}`,
    end: 'commit',
    told: /lock timeout/,
  },
];

test.each(faults)(
  '$what fails its projection and no other',
  async ({ what, begin, end, told }) => {
    await becomes('articles', { state: 'live', doing: 'at-head' });
    const client = await hand.connect();
    onTestFinished(() => client.release(true));
    let seen = await draft(`before ${what}`.replaceAll(' ', '-'));
    expect(await tracker.waitFor(['articles'], seen, { deadline: Date.now() + 10_000 })).toBe(
      'seen',
    );
    await client.query(begin);
    const stands = (await statusOf('articles')).handled;
    const failed = async (): Promise<boolean> => (await statusOf('articles')).state === 'failed';
    const soon = AbortSignal.timeout(30_000);
    for (let n = 0; n < 3 || !(await failed()); n += 1) {
      soon.throwIfAborted();
      seen = await draft(`${what} ${n}`.replaceAll(' ', '-'));
      const until = { deadline: Date.now() + LAG_MS };
      expect(await tracker.waitFor(others, seen, until)).toBe('seen');
    }
    expect(await statusOf('articles')).toMatchObject({
      handled: stands,
      trouble: expect.stringMatching(told),
    });
    expect(await tracker.waitFor(['articles'], seen, { deadline: Date.now() + 300 })).toBe(
      'timeout',
    );
    expect(running.health().find((one) => one.name === 'articles')?.trouble).toMatch(told);
    expect(running.health().filter(({ trouble }) => trouble !== null)).toHaveLength(1);
    await expect
      .poll(async () => (await renderMetrics()).text, { timeout: 10_000 })
      .toMatch(/^pawprint_projection_state\{projection="articles",state="failed"\} 1$/m);

    await client.query(end);
    expect(await tracker.waitFor(['articles'], seen, { deadline: Date.now() + 15_000 })).toBe(
      'seen',
    );
    await becomes('articles', { state: 'live', doing: 'at-head', trouble: null });
    // On the subscription of the others again, as one is enough.
    await expect.poll(() => sessions(), { timeout: 10_000 }).toBe(1);
    const { id } = await requestRebuild(log.pool, articles, 'compare');
    await expect
      .poll(async () => (await rebuildProgress(log.pool, id))?.findings?.rows, { timeout: 15_000 })
      .toBe(0);
  },
  60_000,
);

async function sessions(): Promise<number> {
  const { rows } = await log.pool.query<{ count: number }>(
    `select count(*)::int from pg_stat_activity
      where datname = current_database() and application_name like '%projections %'
        and pid in (select pid from pg_locks where locktype = 'advisory')`,
  );
  return rows[0]?.count ?? 0;
}
