import type { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { connectTo, happened, newStream, numbers, query, read } from './_fixtures/harness.ts';
import { type EventStoreNode, LogInUseError, startEventStoreNode } from './index.ts';

let database: TestDatabase;
let node: EventStoreNode;
let client: EventStoreDBClient;

beforeEach(async () => {
  database = await createTestDatabase();
  node = await startEventStoreNode({ databaseUrl: database.url });
  client = connectTo(node.url);
});
afterEach(async () => {
  void client.dispose();
  await node.stop();
  await database.drop();
});

const restart = async (options: Partial<Parameters<typeof startEventStoreNode>[0]> = {}) => {
  void client.dispose();
  await node.stop();
  node = await startEventStoreNode({ databaseUrl: database.url, ...options });
  client = connectTo(node.url);
};

test('a restart keeps everything, also what makes a repeat harmless', async () => {
  const [kept, deleted, gone] = [newStream(), newStream(), newStream()];
  const repeated = happened(1);
  await client.appendToStream(kept, happened(0));
  const first = await client.appendToStream(kept, repeated, { expectedRevision: 0n });
  await client.appendToStream(kept, happened(2));
  await client.appendToStream(deleted, happened());
  await client.deleteStream(deleted);
  await client.appendToStream(gone, happened());
  await client.tombstoneStream(gone);
  const before = await read(client.readAll());

  await restart();

  expect(await read(client.readAll())).toEqual(before);
  expect(await client.appendToStream(kept, repeated, { expectedRevision: 0n })).toEqual(first);
  await expect(read(client.readStream(deleted))).rejects.toMatchObject({
    type: 'stream-not-found',
  });
  await expect(client.appendToStream(gone, happened())).rejects.toMatchObject({
    type: 'stream-deleted',
  });
  const next = await client.appendToStream(kept, happened(3), { expectedRevision: 2n });
  expect(next.position?.commit).toBeGreaterThan(before.at(-1)?.commitPosition ?? 0n);
});

test('with almost nothing cached every rule still holds', async () => {
  await restart({ caches: { streams: 2, ids: 1 }, live: { maxEvents: 3 } });
  const streams = Array.from({ length: 30 }, () => newStream());
  const events = new Map(streams.map((stream) => [stream, happened(1)]));
  const followed: bigint[] = [];
  const subscription = client.subscribeToAll({ fromPosition: 'end' });
  subscription.on('data', (event) => followed.push(event.commitPosition ?? -1n));
  subscription.on('error', () => undefined);
  await new Promise((resolve) => subscription.once('caughtUp', resolve));
  await Promise.all(streams.map((stream) => client.appendToStream(stream, happened(0))));
  for (let time = 0; time < 2; time++) {
    const answers = await Promise.all(
      [...events].map(([stream, event]) =>
        client.appendToStream(stream, event, { expectedRevision: 0n }),
      ),
    );
    expect(answers.map((answer) => answer.nextExpectedRevision)).toEqual(streams.map(() => 1n));
  }
  for (const stream of streams) {
    expect(numbers(await read(client.readStream(stream)))).toEqual([0, 1]);
  }
  await expect.poll(() => followed.length).toBe(60);
  expect(followed).toEqual(followed.map((_, index) => (followed[0] ?? 0n) + BigInt(index)));
});

test('a second node on the same database is refused, and told who is there', async () => {
  const second = startEventStoreNode({ databaseUrl: database.url, lockWaitMs: 100 });
  await expect(second).rejects.toBeInstanceOf(LogInUseError);
  await expect(second).rejects.toThrow(`pid=${process.pid}`);
  await client.appendToStream(newStream(), happened());
  await restart();
  await client.appendToStream(newStream(), happened());
});

test('positions become visible in their order', async () => {
  let writing = true;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let n = 0; n < 25; n++) await client.appendToStream(newStream(`w${writer}`), happened(n));
  });
  const all = Promise.all(writers).finally(() => {
    writing = false;
  });
  let seen: string[] = [];
  while (writing) {
    const rows = await query<{ position: string }>(
      database.url,
      'select position from event_store.event order by position',
    );
    const positions = rows.map((row) => row.position);
    // Nothing ever appears before something that was there already.
    expect(positions.slice(0, seen.length)).toEqual(seen);
    seen = positions;
  }
  await all;
});

test('a write that Postgres refuses does not take others with it', async () => {
  await query(
    database.url,
    `alter table event_store.event add constraint no_poison check (type <> 'poison')`,
  );
  const stream = newStream();
  const attempts = await Promise.allSettled(
    Array.from({ length: 40 }, (_, n) =>
      client.appendToStream(`${stream}-${n}`, {
        ...happened(n),
        type: n === 17 ? 'poison' : 'happened',
      }),
    ),
  );
  expect(attempts.map((one) => one.status === 'fulfilled')).toEqual(
    attempts.map((_, n) => n !== 17),
  );
  expect(attempts[17]).toMatchObject({ reason: { type: 'unknown' } });
  expect(numbers(await read(client.readStream(`${stream}-18`)))).toEqual([18]);
});

test('an event that was changed in the database is not handed out', async () => {
  const stream = newStream();
  await client.appendToStream(stream, [happened(0), happened(1)]);
  await query(
    database.url,
    `update event_store.event set data = '{"n":7}' where stream = '${stream}' and revision = 1`,
  );
  // As it was written, as long as that is in memory.
  expect(numbers(await read(client.readStream(stream)))).toEqual([0, 1]);
  await restart();
  expect(numbers(await read(client.readStream(stream, { maxCount: 1 })))).toEqual([0]);
  await expect(read(client.readStream(stream))).rejects.toMatchObject({ code: 15 });
});

test('a database of a newer node is not touched', async () => {
  await query(
    database.url,
    `insert into event_store.migration (version, name) values (1000, 'from the future')`,
  );
  void client.dispose();
  await node.stop();
  await expect(startEventStoreNode({ databaseUrl: database.url })).rejects.toThrow(
    /schema version 1000/,
  );
});

test('the longest stream name is taken, a longer one refused', async () => {
  const longest = `${newStream()}${'ß'.repeat(1024)}`.slice(0, 1_000).padEnd(1_024, 'x');
  const name = (bytes: number): string => 'a'.repeat(bytes - Buffer.byteLength(longest)) + longest;
  await client.appendToStream(name(2_048), happened(1));
  await client.deleteStream(name(2_048));
  await expect(client.appendToStream(name(2_049), happened(1))).rejects.toMatchObject({
    type: 'unknown',
  });
});

test('a slow subscriber falls back to reading the log, and misses nothing', async () => {
  await restart({ live: { maxEvents: 50 } });
  const stream = newStream('slow');
  const subscription = client.subscribeToAll({ fromPosition: 'end' });
  const own = client.subscribeToStream(stream);
  const got: { all: unknown[]; own: unknown[] } = { all: [], own: [] };
  let caughtUp = 0;
  subscription.on('caughtUp', () => {
    caughtUp += 1;
  });
  for (const one of [subscription, own]) one.on('error', () => undefined);
  await new Promise((resolve) => own.once('caughtUp', resolve).once('data', () => undefined));
  subscription.on('data', (event) => got.all.push(...numbers([event])));
  own.on('data', (event) => got.own.push(...numbers([event])));
  await expect.poll(() => caughtUp).toBe(1);
  subscription.pause();
  own.pause();
  const total = 4_000;
  const big = 'x'.repeat(1_000);
  for (let n = 0; n < total; n += 500) {
    const events = Array.from({ length: 500 }, (_, i) => ({
      ...happened(),
      data: { n: n + i, big },
    }));
    await client.appendToStream(stream, events);
  }
  subscription.resume();
  own.resume();
  await expect.poll(() => got.all.length, { timeout: 10_000 }).toBe(total);
  await expect.poll(() => got.own.length, { timeout: 10_000 }).toBe(total);
  const expected = Array.from({ length: total }, (_, n) => n);
  expect(got).toEqual({ all: expected, own: expected });
  expect(caughtUp).toBeGreaterThan(1);
});
