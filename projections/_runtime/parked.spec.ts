import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { UndecodableEventError, UnknownEventError } from '../../domain/_kernel/catalogue.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { batchOf } from '../_fixtures/applied.ts';
import { notes } from '../_fixtures/notes.ts';
import { defineProjection, type ProjectionDefinition, put } from './definition.ts';
import { openGroup } from './group.ts';
import type { GroupSession } from './member.ts';
import { listParked, type ReadParked, requestUnpark } from './parked.ts';
import { prepareReadModels } from './schema.ts';
import { deliver } from './spec-kit.ts';

const noteOf = ({ data }: DeliveredEvent) => data as { readonly id: string; readonly note: string };
const noted: ProjectionDefinition = {
  ...defineProjection({
    ...{ name: 'noted', version: 1, question: 'What was noted?' },
    ...{ tables: [notes], events: [], keyOf: () => 'unused', on: {} },
  }),
  categories: ['note'],
  keyOf: (event) => noteOf(event).id,
  reducers: new Map([['Noted', (event) => [put(notes, noteOf(event))]]]),
};
const events = (...all: readonly (readonly [id: string, note: string])[]) =>
  deliver(
    ...all.map(
      ([id, note], index) => [`note-${index}`, { type: 'Noted', data: { id, note } }] as const,
    ),
  );

let database: TestDatabase;
let pool: Pool;
let session: GroupSession | undefined;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterEach(async () => {
  await session?.close();
  session = undefined;
  await pool.query('drop schema if exists read, projection cascade');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function open(readEvents: ReadParked): Promise<GroupSession> {
  await prepareReadModels(pool, [noted]);
  session = await openGroup({
    ...{ url: database.url, definitions: [noted], readEvents },
    log: createLogger({ level: 'silent', name: 'spec' }),
    stopping: new AbortController().signal,
  });
  return session;
}

const rows = async () =>
  (await pool.query<{ id: string; note: string }>('select id, note from read.notes order by id'))
    .rows;

it.each([
  ['a zero byte', 'a\u0000b'],
  ['half a character', 'a\ud83d'],
  ['more characters than an index takes', Array.from({ length: 4000 }, (_, n) => n).join()],
])('an event whose key is %s is parked, and the others go on', async (_what, key) => {
  const [bad, next, good] = events([key, 'bad'], [key, 'again'], ['b', 'good']);
  if (bad === undefined || next === undefined || good === undefined) throw new Error('no events');
  const again = { ...next, stream: bad.stream, revision: 1 };
  const poison = new UndecodableEventError('does not fit at /id');
  const all = [{ ...bad, poison }, { ...again, poison }, good];
  const running = await open(async (refs) =>
    refs.map(({ ordinal }) => all.find((one) => one.ordinal === ordinal) ?? expect.fail()),
  );
  await running.apply(batchOf(all));
  expect(await rows()).toEqual([{ id: 'b', note: 'good' }]);
  const parked = await listParked(pool);
  expect(parked).toEqual([
    expect.objectContaining({
      key: 'note-0',
      events: 2,
      cause: 'UndecodableEventError: does not fit at /id',
    }),
  ]);
  const outcome = await running.unpark('noted', 'note-0');
  expect(outcome).toMatchObject({ applied: 0, left: 2, cause: expect.stringContaining('/id') });
});

it.each([
  ['a zero byte', 'a\u0000b'],
  ['half a character', 'a\ud83d'],
  ['a character across the end of what is kept', `${'x'.repeat(499 - 'Error: '.length)}🐾`],
])('a cause with %s is kept as far as Postgres can', async (_what, message) => {
  const [bad] = events(['a', 'bad']);
  if (bad === undefined) throw new Error('no events');
  const running = await open(async () => [{ ...bad, poison: new Error(message) }]);
  await running.apply(batchOf([{ ...bad, poison: new Error(message) }]));
  expect(await listParked(pool)).toMatchObject([
    { key: 'a', cause: expect.stringMatching(/^Error: /) },
  ]);
  expect(await running.unpark('noted', 'a')).toMatchObject({ applied: 0, left: 1 });
});

it('a wish to un-park that could not be met is met later', async () => {
  const [bad] = events(['a', 'mended']);
  if (bad === undefined) throw new Error('no events');
  let tries = 0;
  const running = await open(async () => {
    tries += 1;
    if (tries === 1) throw new Error('the event store is away');
    return [bad];
  });
  await running.apply(batchOf([{ ...bad, poison: new Error('not decoded') }]));
  await requestUnpark(pool, 'noted', 'a');
  await expect.poll(() => listParked(pool), { timeout: 10_000 }).toEqual([]);
  expect(await rows()).toEqual([{ id: 'a', note: 'mended' }]);
  expect(tries).toBe(2);
});

it('an event that turns out to be nothing of the projection is parked no more', async () => {
  const [stranger, good] = events(['a', 'stranger'], ['a', 'good']);
  if (stranger === undefined || good === undefined) throw new Error('no events');
  // This release knows the type: no reducer here is for it, and it has no key of this projection.
  const known: DeliveredEvent = { ...stranger, type: 'Lent', data: {} };
  const behind = { ...good, stream: stranger.stream, revision: 1 };
  const running = await open(async (refs) =>
    refs.map(({ ordinal }) => (ordinal === known.ordinal ? known : behind)),
  );
  const poison = new UnknownEventError('event type Lent is not in the catalogue');
  await running.apply(batchOf([{ ...known, poison }, behind]));
  expect(await listParked(pool)).toMatchObject([{ key: stranger.stream, events: 2 }]);
  expect(await running.unpark('noted', stranger.stream)).toMatchObject({ left: 0, cause: null });
  expect(await rows()).toEqual([{ id: 'a', note: 'good' }]);
});
