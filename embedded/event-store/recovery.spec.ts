import type { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import {
  connectTo,
  happened,
  holdCommits,
  newStream,
  numbers,
  query,
  read,
  terminateWriters,
} from './_fixtures/harness.ts';
import { type PostgresProxy, startPostgresProxy } from './_fixtures/postgres-proxy.ts';
import { type EventStoreNode, startEventStoreNode } from './index.ts';

let database: TestDatabase;
let proxy: PostgresProxy;
let node: EventStoreNode;
let client: EventStoreDBClient;
let streamed: bigint[];
let logged: string[];
const inDoubt = () => logged.filter((message) => message.includes('in doubt is in the log')).length;

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startPostgresProxy(database.url);
  logged = [];
  node = await startEventStoreNode({
    databaseUrl: proxy.url,
    log: (_level, message) => logged.push(message),
  });
  client = connectTo(node.url);
  streamed = [];
  const subscription = client.subscribeToAll();
  subscription.on('data', (event) => streamed.push(event.commitPosition ?? -1n));
  // The subscription ends with the node; any earlier error shows as events that are missing.
  subscription.on('error', () => undefined);
  await new Promise((resolve) => subscription.once('caughtUp', resolve));
});
afterEach(async () => {
  void client.dispose();
  await node.stop();
  await proxy.close();
  await database.drop();
});

/** Every event of the log has come to the subscriber exactly once and in order. */
const everythingStreamed = async () => {
  const rows = await query<{ position: string }>(
    database.url,
    'select position from event_store.event order by position',
  );
  const positions = rows.map((row) => BigInt(row.position));
  await expect
    .poll(() => streamed.length, { timeout: 5_000 })
    .toBeGreaterThanOrEqual(positions.length);
  expect(streamed).toEqual(positions);
};

describe.each(['before', 'after'] as const)('the connection is lost %s the commit', (when) => {
  test('every append is answered truthfully and is in the log once', async () => {
    const stream = newStream();
    await client.appendToStream(stream, happened(0));
    // What comes in while a commit is held up shares the next one, and that one is cut.
    const release = await holdCommits(database.url);
    const held = client.appendToStream(`${stream}-held`, happened(0));
    const appending = Promise.all([
      client.appendToStream(stream, happened(1), { expectedRevision: 0n }),
      client.appendToStream(`${stream}-new`, [happened(1), happened(2)], {
        expectedRevision: 'no_stream',
      }),
      // A repeat of these would be written twice: nothing about them is exact.
      ...Array.from({ length: 20 }, (_, n) => client.appendToStream(`${stream}-any`, happened(n))),
    ]);
    await read(client.readStream(stream));
    const lost = proxy.cutNextCommit(when);
    await release();
    const [answers] = await Promise.all([appending, held]);
    await lost;
    expect(inDoubt()).toBe(when === 'after' ? 1 : 0);
    expect(answers[0]?.nextExpectedRevision).toBe(1n);
    expect(answers[1]?.nextExpectedRevision).toBe(1n);
    const events = await read(client.readStream(`${stream}-any`));
    expect(numbers(events)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(answers.slice(2).map((answer) => answer.position)).toEqual(
      events.map((event) => event.event?.position),
    );
    expect(numbers(await read(client.readStream(stream)))).toEqual([0, 1]);
    expect(numbers(await read(client.readStream(`${stream}-new`)))).toEqual([1, 2]);
    await everythingStreamed();
  });

  test('a wrong version decided in that commit stays a wrong version', async () => {
    const stream = newStream();
    await client.appendToStream(stream, happened(0));
    const lost = proxy.cutNextCommit(when);
    const attempts = await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) =>
        client.appendToStream(stream, happened(n), { expectedRevision: 0n }),
      ),
    );
    await lost;
    expect(attempts.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of attempts) {
      if (one.status === 'rejected') {
        expect(one.reason).toMatchObject({ type: 'wrong-expected-version', actualVersion: 1n });
      }
    }
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });
});

test('while Postgres is away appends time out, and everything goes on when it is back', async () => {
  const stream = newStream();
  await client.appendToStream(stream, happened(0));
  proxy.shut();
  const late = [
    client.appendToStream(stream, happened(-1), { expectedRevision: 0n }),
    client.appendToStream(stream, happened(-1), {
      expectedRevision: 0n,
      credentials: { username: 'u', password: 'p' },
    }),
  ];
  const reading = read(client.readStream(stream));
  const [batch, classic] = await Promise.allSettled(late);
  expect(batch).toMatchObject({ status: 'rejected', reason: { type: 'deadline-exceeded' } });
  expect(classic).toMatchObject({ status: 'rejected', reason: { type: 'timeout' } });
  proxy.open();
  // The read has waited; what timed out before it was sent has not been written after all.
  expect(numbers(await reading)).toEqual([0]);
  expect(await client.appendToStream(stream, happened(1), { expectedRevision: 0n })).toMatchObject({
    nextExpectedRevision: 1n,
  });
  await everythingStreamed();
});

test('sessions that are ended again and again lose nothing and double nothing', async () => {
  const writers = 6;
  const each = 10;
  let finished = 0;
  const write = async (stream: string): Promise<void> => {
    for (let n = 0; n < each; n++) {
      const event = happened(n);
      for (;;) {
        try {
          await client.appendToStream(stream, event, {
            expectedRevision: n === 0 ? 'no_stream' : BigInt(n - 1),
          });
          break;
        } catch (error) {
          // Only an open outcome is repeated: anything else is what this test is about.
          expect(error).toMatchObject({ type: 'deadline-exceeded' });
        }
      }
    }
    finished += 1;
  };
  const streams = Array.from({ length: writers }, () => newStream());
  const writing = Promise.all(streams.map(write));
  while (finished < writers) await terminateWriters(database.url);
  await writing;
  for (const stream of streams) {
    expect(numbers(await read(client.readStream(stream)))).toEqual(
      Array.from({ length: each }, (_, n) => n),
    );
  }
  await everythingStreamed();
});
