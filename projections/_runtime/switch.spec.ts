import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { batchOf } from '../_fixtures/applied.ts';
import { notes } from '../_fixtures/notes.ts';
import { defineProjection, type ProjectionDefinition, put } from './definition.ts';
import { openGroup } from './group.ts';
import type { GroupSession } from './member.ts';
import { prepareReadModels } from './schema.ts';
import { createSeenTracker } from './seen.ts';
import { deliver } from './spec-kit.ts';
import { requestSwitch } from './switch.ts';

const noted = (version: number): ProjectionDefinition => ({
  ...defineProjection({
    ...{ name: 'noted', version, question: 'What was noted?' },
    ...{ tables: [notes], events: [], keyOf: () => 'unused', on: {} },
  }),
  keyOf: (event) => event.stream,
  reducers: new Map([
    ['Noted', ({ ordinal }) => [put(notes, { id: 'note', note: `v${version} ${ordinal}` })]],
  ]),
});
const history: readonly DeliveredEvent[] = deliver(
  ...Array.from({ length: 9 }, (_, n) => [`note-${n}`, { type: 'Noted', data: {} }] as const),
);
const log = createLogger({ level: 'silent', name: 'spec' });

let database: TestDatabase;
let pool: Pool;
const sessions: GroupSession[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
  await pool.query('drop schema if exists read, projection cascade');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function open(version: number): Promise<GroupSession> {
  await prepareReadModels(pool, [noted(version)]);
  const session = await openGroup({
    ...{ url: database.url, definitions: [noted(version)], log, readEvents: async () => [] },
    stopping: new AbortController().signal,
  });
  sessions.push(session);
  return session;
}

const read = async () =>
  (await pool.query<{ note: string }>('select note from read.notes')).rows[0]?.note;

test('a version that has handled less than the one queries read does not take over until it has', async () => {
  const first = await open(1);
  await first.apply(batchOf(history.slice(0, 8), true));
  const second = await open(2);
  // At the head as it was told: the other has heard of more since.
  await second.apply(batchOf(history.slice(0, 5), true));
  expect(await read()).toBe('v1 8');
  await second.apply(batchOf(history.slice(5, 8), true));
  expect(await read()).toBe('v2 8');

  // The way back, as well.
  await second.apply(batchOf(history.slice(8), true));
  await requestSwitch(pool, { name: 'noted', version: 1 });
  await first.heedSwitches();
  expect(await read()).toBe('v2 9');
  await first.apply(batchOf(history.slice(8), true));
  expect(await read()).toBe('v1 9');
});

test('what the version of before goes on to tell is not what queries show', async () => {
  const tracker = createSeenTracker({ url: database.url, pool, log });
  try {
    const first = await open(1);
    await first.apply(batchOf(history.slice(0, 8), true));
    const second = await open(2);
    await second.apply(batchOf(history.slice(0, 8), true));
    expect(await read()).toBe('v2 8');
    const position = history[8]?.position ?? 0n;
    const shortly = () => ({ deadline: Date.now() + 500 });
    expect(await tracker.waitFor(['noted'], position - 1n, shortly())).toBe('timeout');
    // It looks each second who is read, and has not yet.
    await first.apply(batchOf(history.slice(8), true));
    expect(await tracker.waitFor(['noted'], position, shortly())).toBe('timeout');
    await second.apply(batchOf(history.slice(8), true));
    const soon = { deadline: Date.now() + 10_000 };
    expect(await tracker.waitFor(['noted'], position, soon)).toBe('seen');
    expect(await read()).toBe('v2 9');
  } finally {
    await tracker.stop();
  }
});
