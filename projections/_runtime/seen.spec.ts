import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { batchOf, databaseAfter } from '../_fixtures/applied.ts';
import { season } from '../_fixtures/season.ts';
import { projections } from '../index.ts';
import { openGroup } from './group.ts';
import type { GroupSession } from './member.ts';
import { prepareReadModels } from './schema.ts';
import { createSeenTracker, type SeenTracker } from './seen.ts';

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
const history = season({ enrollments: 5 });
const names = ['enrollments', 'activity-catalogue'];
const soon = () => Date.now() + 10_000;

let database: Awaited<ReturnType<typeof databaseAfter>>;
let session: GroupSession;
let tracker: SeenTracker;
let trackers: SeenTracker[] = [];

beforeAll(async () => {
  database = await databaseAfter(history.slice(0, 10));
  session = await openGroup({
    url: database.url,
    definitions: projections,
    log,
    stopping: new AbortController().signal,
    readEvents: async () => [],
  });
});
afterEach(async () => {
  for (const one of trackers) await one.stop();
  trackers = [];
});
afterAll(async () => {
  await session.close();
  await database.drop();
});

function track(): SeenTracker {
  tracker = createSeenTracker({ url: database.url, pool: database.pool, log });
  trackers.push(tracker);
  return tracker;
}

test('what is seen already is not waited for', async () => {
  expect(await track().waitFor(names, 1000n, { deadline: soon() })).toBe('seen');
  expect(tracker.seenOf(names)).toBe(1000n);
});

test('what comes later wakes whoever waits for it, and not before', async () => {
  const waiting = track().waitFor(names, 1100n, { deadline: soon() });
  let settled = false;
  const watched = waiting.then((outcome) => {
    settled = true;
    return outcome;
  });
  // Everything that is known now, asked for by somebody else: the waiter has seen it, too.
  await tracker.waitFor(names, 1000n, { deadline: soon() });
  expect(settled).toBe(false);
  await session.apply(batchOf(history.slice(10, 11)));
  expect(await watched).toBe('seen');
});

test('a projection that stands keeps the answer back until the deadline, never stale', async () => {
  expect(await track().waitFor(names, 9_999_999n, { deadline: Date.now() + 300 })).toBe('timeout');
  expect(await tracker.waitFor(['unknown'], 0n, { deadline: Date.now() + 50 })).toBe('timeout');
  const giveUp = new AbortController();
  const waiting = tracker.waitFor(names, 9_999_999n, { deadline: soon(), signal: giveUp.signal });
  giveUp.abort();
  expect(await waiting).toBe('timeout');
});

test('a cut connection is opened again; polling bridges the gap', async () => {
  await track().waitFor(names, 1000n, { deadline: soon() });
  const mine =
    "datname = current_database() and application_name = 'pawprint listen projection_seen'";
  const listening = async () =>
    (
      await database.pool.query(
        `select 1 from pg_stat_activity where ${mine} and query like 'listen%'`,
      )
    ).rowCount;
  await expect.poll(listening).toBe(1);
  await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${mine}`);
  const waiting = tracker.waitFor(names, 1200n, { deadline: soon() });
  await session.apply(batchOf(history.slice(11, 12)));
  expect(await waiting).toBe('seen');
  await expect.poll(listening, { timeout: 10_000 }).toBe(1);
});

test('another live version is believed from what it has seen itself', async () => {
  await database.pool.query(
    "update projection.checkpoints set seen = 1200 where projection = 'enrollments'",
  );
  // It hears: nothing but what it is told has it look again.
  await listening('enrollments');
  await database.pool.query(
    "update projection.checkpoints set seen = 500 where projection = 'enrollments'",
  );
  expect(tracker.seenOf(['enrollments'])).toBeGreaterThanOrEqual(1200n);
  await database.pool.query(`notify projection_seen, '{"reset":true}'`);
  await expect.poll(() => tracker.seenOf(['enrollments'])).toBeLessThanOrEqual(500n);
  const outcome = await tracker.waitFor(['enrollments'], 1200n, { deadline: Date.now() + 300 });
  expect(outcome).toBe('timeout');
  expect(tracker.seenOf(['enrollments'])).toBe(500n);
});

/** Until it hears what is told: it looks when it begins to. */
async function listening(name: string): Promise<void> {
  track();
  await expect.poll(() => tracker.seenOf([name])).toBe(1200n);
}

test('one that begins anew is believed when it tells that it has seen less', async () => {
  await database.pool.query(
    "update projection.checkpoints set seen = 1200 where projection = 'enrollments'",
  );
  await listening('enrollments');
  await database.pool.query(
    "update projection.checkpoints set seen = 700 where projection = 'enrollments'",
  );
  const told = JSON.stringify({ seen: '700', projections: ['enrollments'] });
  await database.pool.query('select pg_notify($1, $2)', ['projection_seen', told]);
  await expect.poll(() => tracker.seenOf(['enrollments'])).toBe(700n);
});

test('all of the projections have to have seen it, not one of them', async () => {
  await database.pool.query(
    "update projection.checkpoints set seen = 2000 where projection = 'activity-catalogue'",
  );
  expect(await track().waitFor(['activity-catalogue'], 2000n, { deadline: soon() })).toBe('seen');
  expect(await tracker.waitFor(names, 2000n, { deadline: Date.now() + 300 })).toBe('timeout');
});

test('tables that were dropped and made anew have seen nothing', async () => {
  await listening('articles');
  await database.pool.query('drop schema read, projection, rebuild cascade');
  await prepareReadModels(database.pool, projections);
  await expect.poll(() => tracker.seenOf(['articles'])).toBe(0n);
  const outcome = await tracker.waitFor(['articles'], 1200n, { deadline: Date.now() + 300 });
  expect(outcome).toBe('timeout');
});
