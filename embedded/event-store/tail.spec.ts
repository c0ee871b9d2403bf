import { BACKWARDS, END, FORWARDS, NO_STREAM, START } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { connectTo, happened, newStream, numbers, read } from './_fixtures/harness.ts';
import { type EventStoreNode, startNodeOver } from './index.ts';
import { type LogStore, postgresStore } from './log/store.ts';

/** Events that the node keeps in memory. */
const WINDOW = 50;
let database: TestDatabase;
let node: EventStoreNode;
let client: ReturnType<typeof connectTo>;
let pages: string[] = [];

/** Postgres, with a note of each page that is read of a stream. */
const noting = (store: LogStore): LogStore => ({
  ...store,
  openReader: (onIdleError) => {
    const reader = store.openReader(onIdleError);
    return {
      ...reader,
      streamPage: (page) => {
        pages.push(page.stream);
        return reader.streamPage(page);
      },
    };
  },
});

beforeAll(async () => {
  database = await createTestDatabase();
  const live = { maxEvents: WINDOW };
  node = await startNodeOver(noting(postgresStore(database.url)), { port: 0, live });
  client = connectTo(node.url);
});
afterAll(async () => {
  await client.dispose();
  await node.stop();
  await database.drop();
});

const forwards = async (stream: string, from: bigint): Promise<unknown[]> => {
  pages = [];
  return numbers(
    await read(client.readStream(stream, { direction: FORWARDS, fromRevision: from })),
  );
};
const write = (stream: string, from: number, count: number) =>
  client.appendToStream(
    stream,
    Array.from({ length: count }, (_, index) => happened(from + index)),
    { expectedRevision: from === 0 ? NO_STREAM : BigInt(from - 1) },
  );

test('what was written a moment ago is read without Postgres', async () => {
  const stream = newStream();
  await write(stream, 0, 3);
  await write(newStream(), 0, 5);
  await write(stream, 3, 2);
  expect(await forwards(stream, 1n)).toEqual([1, 2, 3, 4]);
  expect(await forwards(stream, 4n)).toEqual([4]);
  expect(await forwards(stream, 5n)).toEqual([]);
  expect(pages).toEqual([]);
  await expect(
    read(client.readStream(stream, { fromRevision: START, maxCount: 2 })).then(numbers),
  ).resolves.toEqual([0, 1]);
});

test('what is older than the window is read from the log, whole', async () => {
  const stream = newStream();
  await write(stream, 0, 3);
  await write(newStream(), 0, WINDOW - 2);
  await write(stream, 3, 1);
  expect(await forwards(stream, 1n)).toEqual([1, 2, 3]);
  expect(pages).toEqual([stream]);
  expect(await forwards(stream, 3n)).toEqual([3]);
  expect(pages).toEqual([]);
  const back = { direction: BACKWARDS, fromRevision: END } as const;
  expect(numbers(await read(client.readStream(stream, back)))).toEqual([3, 2, 1, 0]);
});

test('limits of a stream hold for what is in memory, too', async () => {
  const stream = newStream();
  await write(stream, 0, 4);
  await client.setStreamMetadata(stream, { truncateBefore: 2 });
  expect(await forwards(stream, 0n)).toEqual([2, 3]);
  await client.setStreamMetadata(stream, { maxCount: 1 });
  expect(await forwards(stream, 0n)).toEqual([3]);
  await client.setStreamMetadata(stream, { maxAge: 1000 });
  expect(await forwards(stream, 0n)).toEqual([0, 1, 2, 3]);
  // Who may not be older than so much is looked up by its time.
  expect(pages).toEqual([stream]);
});
