import type { EventStoreDBClient } from '@eventstore/db-client';
import { jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { connectTo, happened, query } from '../_fixtures/harness.ts';
import { linksByStream, linksOfAFreshPass } from '../_fixtures/links.ts';
import { type PostgresProxy, startPostgresProxy } from '../_fixtures/postgres-proxy.ts';
import { type EventStoreNode, startEventStoreNode } from '../index.ts';

let database: TestDatabase;
let proxy: PostgresProxy;
let node: EventStoreNode;
let client: EventStoreDBClient;
const clients: EventStoreDBClient[] = [];

const start = async (
  options: Partial<Parameters<typeof startEventStoreNode>[0]> = {},
): Promise<void> => {
  node = await startEventStoreNode({ databaseUrl: proxy.url, ...options });
  client = connectTo(node.url);
  clients.push(client);
};
const restart = async (...options: Parameters<typeof start>): Promise<void> => {
  await node.stop();
  await start(...options);
};

beforeEach(async () => {
  database = await createTestDatabase();
  proxy = await startPostgresProxy(database.url);
  await start();
});
afterEach(async () => {
  for (const one of clients.splice(0)) void one.dispose();
  await node.stop();
  await proxy.close();
  await database.drop();
});

const statuses = async () =>
  Object.fromEntries(
    (await client.listProjections()).map(({ name, projectionStatus, progress }) => [
      name,
      `${projectionStatus} ${progress}`,
    ]),
  );
const caughtUp = (name: string) =>
  expect.poll(async () => (await statuses())[name], { timeout: 10_000 }).toBe('Running 100');
const all = () => Array.fromAsync(client.readAll());

/** Its links are those of a fresh pass over the log. */
const isWhole = async (name: string, prefix: string): Promise<void> => {
  await caughtUp(name);
  const events = await all();
  const of = (links: Map<string, string[]>) =>
    [...links].filter(([stream]) => stream.startsWith(prefix));
  expect(of(linksByStream(events))).toEqual(of(linksOfAFreshPass(events)));
  expect(of(linksByStream(events))).not.toEqual([]);
};

const append = (stream: string, count: number) =>
  client.appendToStream(
    stream,
    Array.from({ length: count }, (_, n) => happened(n)),
  );

describe.each(['before', 'after'] as const)(
  'the connection is lost %s links are committed',
  (when) => {
    test('each is in the log once', async () => {
      await append('room-1', 3);
      // Few enough for one commit of links: no later one puts right what it left behind.
      await append('room-2', 30);
      const lost = proxy.cutNextCommit(when);
      await client.enableProjection('$by_category');
      await lost;
      await caughtUp('$by_category');
      // Begins where the log says that it stands, not where this process remembers.
      await restart();
      await append('room-1', 3);
      await isWhole('$by_category', '$ce-');
    });
  },
);

test('what is switched on stays so when the node starts again, and what is off stays off', async () => {
  await append('room-1', 2);
  await client.enableProjection('$by_category');
  await isWhole('$by_category', '$ce-');
  await restart();
  await append('room-1', 2);
  await isWhole('$by_category', '$ce-');
  expect(await statuses()).toMatchObject({ $streams: 'Stopped 0', $by_event_type: 'Stopped 0' });
  await client.disableProjection('$by_category');
  await restart();
  expect((await statuses())['$by_category']).toMatch(/^Stopped/);
});

test('the option switches all of them on', async () => {
  await append('room-1', 2);
  await restart({ startStandardProjections: true });
  for (const name of ['$by_category', '$by_event_type', '$streams']) await caughtUp(name);
  const events = await all();
  expect(linksByStream(events)).toEqual(linksOfAFreshPass(events));
});

test('without newest events in memory the log is read', async () => {
  await restart({ live: { maxEvents: 0, maxBytes: 0 }, caches: { streams: 0, ids: 0 } });
  await append('room-1', 700);
  await client.enableProjection('$by_category');
  await append('room-2', 3);
  await isWhole('$by_category', '$ce-');
});

test('a stream of links that was tombstoned takes none, and the others go on', async () => {
  await client.enableProjection('$by_category');
  await client.tombstoneStream('$ce-room');
  await append('room-1', 2);
  await append('hall-1', 2);
  await caughtUp('$by_category');
  const links = linksByStream(await all());
  expect(links.get('$ce-hall')).toEqual(['0@hall-1', '1@hall-1']);
  expect(links.get('$ce-room')?.filter((target) => target.includes('room-1'))).toEqual([]);
});

test('a stream of links that was deleted goes on with its next number', async () => {
  await client.enableProjection('$by_category');
  await append('room-1', 2);
  await caughtUp('$by_category');
  await client.deleteStream('$ce-room');
  await append('room-1', 1);
  await caughtUp('$by_category');
  const seen = await Array.fromAsync(client.readStream('$ce-room', { resolveLinkTos: true }));
  expect(seen.map(({ event, link }) => [event?.revision, link?.revision])).toEqual([[2n, 2n]]);
});

test('a type too long for the name of a stream holds nothing up', async () => {
  await client.enableProjection('$by_event_type');
  await client.appendToStream('room-1', [jsonEvent({ type: 'x'.repeat(3_000), data: {} })]);
  await append('room-1', 1);
  await caughtUp('$by_event_type');
  expect(linksByStream(await all()).get('$et-happened')).toEqual(['1@room-1']);
});

test('a damaged event stops a follower, which says so, and goes on when it is mended', async () => {
  await append('room-1', 5);
  const type = (from: string, to: string) =>
    query(
      database.url,
      `update event_store.event set type = '${to}' where type = '${from}' and stream = 'room-1' and revision = 3`,
    );
  await restart();
  await type('happened', 'damaged');
  await client.enableProjection('$by_category');
  const status = () => client.getProjectionStatus('$by_category');
  await expect.poll(async () => (await status()).projectionStatus).toBe('Faulted');
  expect((await status()).stateReason).toContain('does not match its checksum');
  await type('damaged', 'happened');
  await client.restartSubsystem();
  await isWhole('$by_category', '$ce-');
});
