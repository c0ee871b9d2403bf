// What the contract (test/event-store) cannot see from outside, or does not ask of other servers.
import { once } from 'node:events';
import { connect } from 'node:net';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { batchFrame, idOf } from '../../test/event-store/frames.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { holdCommits, newStream, query } from './_fixtures/harness.ts';
import { type EventStoreNode, startEventStoreNode } from './index.ts';
import { readBatchRequest } from './wire/batch-request.ts';

let database: TestDatabase;
let node: EventStoreNode;
let client: streamsService.StreamsClient;

beforeAll(async () => {
  database = await createTestDatabase();
  node = await startEventStoreNode({ databaseUrl: database.url });
  client = new streamsService.StreamsClient(`127.0.0.1:${node.port}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await node.stop();
  await database.drop();
});

test('appends that wait share a commit', async () => {
  const call = client.batchAppend();
  const got: streams.BatchAppendResp[] = [];
  call.on('data', (answer: streams.BatchAppendResp) => got.push(answer));
  const stream = newStream('group');
  const release = await holdCommits(database.url);
  for (let n = 0; n < 200; n++) {
    call.write(batchFrame({ id: crypto.randomUUID(), stream: `${stream}-${n}` }));
  }
  // Answered on arrival, after all those before it have arrived.
  const late = crypto.randomUUID();
  call.write(batchFrame({ id: late, stream, deadlineMs: -1_000 }));
  await expect.poll(() => got.map(idOf)).toEqual([late]);
  await release();
  await expect.poll(() => got.length).toBe(201);
  call.end();
  const [found] = await query<{ commits: number; events: number }>(
    database.url,
    `select count(distinct xmin::text)::int commits, count(*)::int events
     from event_store.event where stream like '${stream}-%'`,
  );
  expect(found?.events).toBe(200);
  // Those that came while nothing was being written, and all the others.
  expect(found?.commits).toBeLessThanOrEqual(2);
});

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];

test('a deadline given as a duration, as newer clients do, holds as well', () => {
  const withDuration = (inner: number[]) => {
    const options = Buffer.from([0x22, 0, 0x3a, inner.length, ...inner]);
    return readBatchRequest(Buffer.from([0x12, options.length, ...options, 0x20, 1])).durationMs;
  };
  expect(withDuration([0x08, 3, 0x10, ...varint(250_000_000)])).toBe(3_250);
  expect(withDuration([0x08, ...Array.from({ length: 9 }, () => 0xff), 1])).toBeLessThan(0);
  const absolute = batchFrame({ id: crypto.randomUUID(), stream: newStream() }).serializeBinary();
  expect(readBatchRequest(Buffer.from(absolute)).durationMs).toBeUndefined();
});

test('a deletion without a stream name says what is missing', async () => {
  const error = await new Promise<ServiceError | null>((resolve) =>
    client.delete(new streams.DeleteReq(), (failed) => resolve(failed)),
  );
  expect(error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: 'a stream name is required',
  });
});

test('HTTP/1.1 has no other pages', async () => {
  expect((await fetch(`http://127.0.0.1:${node.port}/streams/x`)).status).toBe(404);
});

test('a connection that sends its first bytes one by one is understood', async () => {
  const socket = connect(node.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  for (const letter of 'GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n') {
    socket.write(letter);
    await new Promise(setImmediate);
  }
  const [first] = await once(socket, 'data');
  expect(String(first)).toMatch(/^HTTP\/1.1 200/);
  socket.destroy();
});
