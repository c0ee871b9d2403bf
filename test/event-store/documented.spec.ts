/**
 * A walk along the guides of EventStoreDB's Node client, in their order and with their calls, in our
 * own words: append, concurrency, read, $all, subscribe, filter, metadata, delete. What the guides
 * say a call does is what is expected here; of the node it needs nothing but the address.
 */
import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  FORWARDS,
  type JSONEventType,
  jsonEvent,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  streamNameFilter,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFresh, type Target } from './target.ts';

type OrderPlaced = JSONEventType<'OrderPlaced', { orderId: string; amount: number }>;
type OrderShipped = JSONEventType<'OrderShipped', { orderId: string; carrier: string }>;
type OrderEvent = OrderPlaced | OrderShipped;

const orderPlaced = (orderId: string, amount: number) =>
  jsonEvent<OrderPlaced>({
    type: 'OrderPlaced',
    data: { orderId, amount },
    metadata: { $correlationId: 'checkout', userId: 'zoe' },
  });
const orderShipped = (orderId: string) =>
  jsonEvent<OrderShipped>({ type: 'OrderShipped', data: { orderId, carrier: 'post' } });

let target: Target;
let client: EventStoreDBClient;
beforeAll(async () => {
  target = await openFresh();
  client = EventStoreDBClient.connectionString(target.url);
});
afterAll(async () => {
  void client.dispose();
  await target.close();
});

/** "order-…": a stream of its own for each step. */
const newOrder = () => {
  const orderId = randomUUID();
  return { orderId, streamName: `order-${orderId}` };
};

test('appending events', async () => {
  const { orderId, streamName } = newOrder();
  const appended = await client.appendToStream<OrderEvent>(
    streamName,
    [orderPlaced(orderId, 20), orderShipped(orderId)],
    { expectedRevision: NO_STREAM },
  );
  expect(appended.success).toBe(true);
  expect(appended.nextExpectedRevision).toBe(1n);

  // A stream that exists is no place for NO_STREAM.
  await expect(
    client.appendToStream(streamName, orderPlaced(orderId, 30), { expectedRevision: NO_STREAM }),
  ).rejects.toBeInstanceOf(WrongExpectedVersionError);

  // The same event sent twice is written once.
  const once = orderShipped(orderId);
  await client.appendToStream(streamName, once);
  await client.appendToStream(streamName, once);
  const ids = [];
  for await (const { event } of client.readStream(streamName)) ids.push(event?.id);
  expect(ids).toHaveLength(3);
});

test('optimistic concurrency: of two that read the same revision one is told', async () => {
  const { orderId, streamName } = newOrder();
  await client.appendToStream(streamName, orderPlaced(orderId, 20));

  let revision: bigint | typeof NO_STREAM = NO_STREAM;
  const events = client.readStream<OrderEvent>(streamName, {
    fromRevision: START,
    direction: FORWARDS,
  });
  for await (const { event } of events) revision = event?.revision ?? revision;

  await client.appendToStream(streamName, orderShipped(orderId), { expectedRevision: revision });
  const second = client.appendToStream(streamName, orderPlaced(orderId, 30), {
    expectedRevision: revision,
  });
  await expect(second).rejects.toMatchObject({
    streamName,
    expectedVersion: 0n,
    actualVersion: 1n,
  });
});

test('reading a stream forwards, backwards, from a revision, and one that is not there', async () => {
  const { orderId, streamName } = newOrder();
  const amounts = [1, 2, 3, 4, 5];
  await client.appendToStream(
    streamName,
    amounts.map((amount) => orderPlaced(orderId, amount)),
  );
  const read = async (options: Parameters<typeof client.readStream>[1]) => {
    const found: number[] = [];
    for await (const { event } of client.readStream<OrderPlaced>(streamName, options)) {
      if (event !== undefined) found.push(event.data.amount);
    }
    return found;
  };
  expect(await read({ direction: FORWARDS, fromRevision: START, maxCount: 10 })).toEqual(amounts);
  expect(await read({ direction: FORWARDS, fromRevision: 3n })).toEqual([4, 5]);
  expect(await read({ direction: BACKWARDS, fromRevision: END, maxCount: 2 })).toEqual([5, 4]);

  const missing = async () => {
    for await (const _event of client.readStream('order-that-never-was'))
      throw new Error('an event');
  };
  await expect(missing()).rejects.toBeInstanceOf(StreamNotFoundError);
});

test('reading $all, and leaving out system events as the guide does', async () => {
  const { orderId, streamName } = newOrder();
  await client.appendToStream(streamName, orderPlaced(orderId, 7));
  const types = new Set<string>();
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
    if (event?.type.startsWith('$')) continue;
    if (event !== undefined) types.add(event.type);
  }
  expect(types).toContain('OrderPlaced');
  const newest = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
  for await (const { event } of newest) expect(event?.position?.commit).toBeTypeOf('bigint');
});

test('a catch-up subscription to a stream goes on where a checkpoint was', async () => {
  const { orderId, streamName } = newOrder();
  await client.appendToStream(
    streamName,
    [1, 2].map((amount) => orderPlaced(orderId, amount)),
  );
  const handled: number[] = [];
  let checkpoint: bigint | undefined;

  const subscription = client.subscribeToStream<OrderPlaced>(streamName, { fromRevision: START });
  for await (const { event } of subscription) {
    if (event === undefined) continue;
    handled.push(event.data.amount);
    checkpoint = event.revision;
    if (handled.length === 2) break;
  }
  await subscription.unsubscribe();

  await client.appendToStream(streamName, orderPlaced(orderId, 3));
  const again = client.subscribeToStream<OrderPlaced>(streamName, {
    fromRevision: checkpoint ?? START,
  });
  for await (const { event } of again) {
    if (event === undefined) continue;
    handled.push(event.data.amount);
    break;
  }
  await again.unsubscribe();
  expect(handled).toEqual([1, 2, 3]);
});

const filters = [
  ['excluding system events', () => excludeSystemEvents()],
  ['by event type prefix', () => eventTypeFilter({ prefixes: ['Order', 'customer-'] })],
  ['by event type expression', () => eventTypeFilter({ regex: '^Order|^Company' })],
  ['by stream name prefix', () => streamNameFilter({ prefixes: ['order-', 'other-'] })],
  ['by stream name expression', () => streamNameFilter({ regex: '^order|^invoice' })],
] as const;

test.each(filters)('server-side filtering %s', async (_how, filter) => {
  const { orderId, streamName } = newOrder();
  await client.setStreamMetadata(streamName, { maxCount: 100 });
  await client.appendToStream(`invoice-${orderId}`, jsonEvent({ type: 'Invoiced', data: {} }));
  await client.appendToStream(streamName, orderPlaced(orderId, 1));
  const subscription = client.subscribeToAll({ fromPosition: START, filter: filter() });
  for await (const { event } of subscription) {
    expect(event?.type.startsWith('$')).toBe(false);
    if (event?.streamId === streamName) break;
  }
  await subscription.unsubscribe();
});

test('a filtered subscription reports its position now and then', async () => {
  const { orderId, streamName } = newOrder();
  const amounts = Array.from({ length: 200 }, (_, index) => index);
  await client.appendToStream(
    streamName,
    amounts.map((amount) => orderPlaced(orderId, amount)),
  );
  const reported = Promise.withResolvers<bigint>();
  const subscription = client.subscribeToAll({
    fromPosition: START,
    filter: excludeSystemEvents({
      checkpointInterval: 1,
      maxSearchWindow: 32,
      checkpointReached: (_subscription, position) => reported.resolve(position.commit),
    }),
  });
  subscription.on('data', () => undefined);
  expect(await reported.promise).toBeGreaterThan(0n);
  await subscription.unsubscribe();
});

test('stream metadata', async () => {
  const { orderId, streamName } = newOrder();
  await client.appendToStream(
    streamName,
    [1, 2, 3].map((amount) => orderPlaced(orderId, amount)),
  );
  await client.setStreamMetadata(streamName, { maxCount: 2, owner: 'shop' });
  const { metadata } = await client.getStreamMetadata(streamName);
  expect(metadata).toEqual({ maxCount: 2, owner: 'shop' });
  const left = [];
  for await (const { event } of client.readStream<OrderPlaced>(streamName)) {
    left.push(event?.data.amount);
  }
  expect(left).toEqual([2, 3]);
});

test('deleting and tombstoning', async () => {
  const { orderId, streamName } = newOrder();
  await client.appendToStream(streamName, orderPlaced(orderId, 1));
  await client.deleteStream(streamName);
  const drain = async () => {
    const found = [];
    for await (const { event } of client.readStream(streamName)) found.push(event?.revision);
    return found;
  };
  await expect(drain()).rejects.toBeInstanceOf(StreamNotFoundError);
  await expect(
    client.appendToStream(streamName, orderShipped(orderId), { expectedRevision: STREAM_EXISTS }),
  ).rejects.toBeInstanceOf(StreamDeletedError);

  // A deleted stream can be used again; its numbers go on.
  await client.appendToStream(streamName, orderShipped(orderId));
  expect(await drain()).toEqual([1n]);

  // A tombstoned stream cannot, ever.
  await client.tombstoneStream(streamName);
  await expect(client.appendToStream(streamName, orderShipped(orderId))).rejects.toBeInstanceOf(
    StreamDeletedError,
  );
  await expect(drain()).rejects.toBeInstanceOf(StreamDeletedError);
});
