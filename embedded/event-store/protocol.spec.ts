import { once } from 'node:events';
import { connect } from 'node:net';
import operations from '@eventstore/db-client/generated/operations_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type ClientDuplexStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { holdCommits, newStream, query } from './_fixtures/harness.ts';
import { type EventStoreNode, startEventStoreNode } from './index.ts';
import { readBatchRequest } from './wire/batch-request.ts';

type Batch = ClientDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

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

const uuid = (text: string): shared.UUID => new shared.UUID().setString(text);
const identifier = (stream: string): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(stream).toString('base64'));

const proposed = (
  properties: Record<string, string> = {},
): streams.BatchAppendReq.ProposedMessage => {
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.setId(uuid(crypto.randomUUID()));
  const map = message.getMetadataMap();
  const all = { type: 't', 'content-type': 'application/json', ...properties };
  for (const [key, value] of Object.entries(all)) if (value !== '') map.set(key, value);
  message.setData(Buffer.from('{}').toString('base64'));
  return message;
};

type Frame = {
  id: string;
  stream?: string;
  deadlineMs?: number;
  final?: boolean;
  message?: streams.BatchAppendReq.ProposedMessage;
};

const frame = ({ id, stream, deadlineMs = 10_000, final = true, message = proposed() }: Frame) => {
  const request = new streams.BatchAppendReq();
  request.setCorrelationId(uuid(id));
  request.setIsFinal(final);
  request.setProposedMessagesList([message]);
  if (stream === undefined) return request;
  const options = new streams.BatchAppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  const probe = streams.BatchAppendReq.Options.deserializeBinary(
    // expected "any" and an absolute deadline, as client 6.2.1 writes them
    Buffer.concat([options.serializeBinary(), Buffer.from([0x22, 0]), deadline(deadlineMs)]),
  );
  request.setOptions(probe);
  return request;
};

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
const deadline = (fromNow: number): Buffer => {
  const at = Date.now() + fromNow;
  const nanos = (((at % 1_000) + 1_000) % 1_000) * 1_000_000;
  const inner = [0x08, ...varint(Math.floor(at / 1_000)), 0x10, ...varint(nanos)];
  return Buffer.from([0x32, inner.length, ...inner]);
};

const answers = (call: Batch): streams.BatchAppendResp[] => {
  const got: streams.BatchAppendResp[] = [];
  call.on('data', (answer: streams.BatchAppendResp) => got.push(answer));
  return got;
};
const ids = (got: streams.BatchAppendResp[]) =>
  got.map((answer) => answer.getCorrelationId()?.getString());
const detail = (answer: streams.BatchAppendResp | undefined) =>
  answer?.getError()?.getDetails()?.getTypeName();

const names = Array.from({ length: 9 }, () => crypto.randomUUID());
const [A = '', B = '', C = '', D = '', E = '', F = '', G = ''] = names;

test('every correlation id is answered once, the stream ends after the last answer', async () => {
  const call = client.batchAppend();
  const got = answers(call);
  const stream = newStream();
  call.write(frame({ id: A, stream }));
  // Two frames for one append.
  call.write(frame({ id: B, stream, final: false }));
  call.write(frame({ id: B, final: true }));
  // Never heard of: no options. Ignored.
  call.write(frame({ id: C }));
  // Too late on arrival; what follows for it is ignored.
  call.write(frame({ id: D, stream, deadlineMs: -1_000, final: false }));
  call.write(frame({ id: D, final: true }));
  call.write(frame({ id: E, stream, message: proposed({ type: '' }) }));
  call.write(frame({ id: F, stream: '' }));
  // Begun and never finished.
  call.write(frame({ id: G, stream, final: false }));
  call.end();
  await once(call, 'end');
  expect(ids(got).sort()).toEqual([A, B, D, E, F].sort());
  const of = (id: string) => got.find((one) => one.getCorrelationId()?.getString() === id);
  expect(of(A)?.getSuccess()?.getCurrentRevision()).toBe('0');
  expect(of(B)?.getSuccess()?.getCurrentRevision()).toBe('2');
  expect(detail(of(D))).toBe('event_store.client.Timeout');
  expect(detail(of(E))).toBe('event_store.client.BadRequest');
  expect(detail(of(F))).toBe('event_store.client.BadRequest');
  for (const answer of got) expect(answer.hasStreamIdentifier()).toBe(true);
});

test('appends that wait share a commit', async () => {
  const call = client.batchAppend();
  const got = answers(call);
  const stream = newStream('group');
  const release = await holdCommits(database.url);
  for (let n = 0; n < 200; n++) {
    call.write(frame({ id: crypto.randomUUID(), stream: `${stream}-${n}` }));
  }
  // Answered on arrival, after all those before it have arrived.
  call.write(frame({ id: A, stream, deadlineMs: -1_000 }));
  await expect.poll(() => ids(got)).toEqual([A]);
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

test('an append that is never completed is answered at its deadline', async () => {
  const call = client.batchAppend();
  const got = answers(call);
  call.write(frame({ id: A, stream: newStream(), final: false, deadlineMs: 100 }));
  await once(call, 'data');
  expect(detail(got[0])).toBe('event_store.client.Timeout');
  call.write(frame({ id: A, final: true }));
  call.end();
  await once(call, 'end');
  expect(got).toHaveLength(1);
});

test('a deadline given as a duration, as newer clients do, holds as well', () => {
  const withDuration = (inner: number[]) => {
    const options = Buffer.from([0x22, 0, 0x3a, inner.length, ...inner]);
    return readBatchRequest(Buffer.from([0x12, options.length, ...options, 0x20, 1])).durationMs;
  };
  expect(withDuration([0x08, 3, 0x10, ...varint(250_000_000)])).toBe(3_250);
  expect(withDuration([0x08, ...Array.from({ length: 9 }, () => 0xff), 1])).toBeLessThan(0);
  const absolute = frame({ id: A, stream: newStream() }).serializeBinary();
  expect(readBatchRequest(Buffer.from(absolute)).durationMs).toBeUndefined();
});

test('a structured correlation id comes back structured', async () => {
  const call = client.batchAppend();
  const got = answers(call);
  const request = frame({ id: A, stream: newStream() });
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits('-1234567890123456789');
  structured.setLeastSignificantBits('42');
  request.setCorrelationId(new shared.UUID().setStructured(structured));
  call.write(request);
  call.end();
  await once(call, 'end');
  const echoed = got[0]?.getCorrelationId()?.getStructured();
  expect(echoed?.getMostSignificantBits()).toBe('-1234567890123456789');
  expect(echoed?.getLeastSignificantBits()).toBe('42');
});

const classic = (parts: streams.AppendReq[], end = true) =>
  new Promise<{ error: ServiceError | null; answer: streams.AppendResp | undefined }>((resolve) => {
    const call = client.append((error, answer) => resolve({ error, answer }));
    call.on('error', () => undefined);
    for (const part of parts) call.write(part);
    if (end) call.end();
  });
const header = (stream: string): streams.AppendReq => {
  const options = new streams.AppendReq.Options();
  options.setStreamIdentifier(identifier(stream));
  options.setAny(new shared.Empty());
  return new streams.AppendReq().setOptions(options);
};
const event = (properties: Record<string, string>): streams.AppendReq => {
  const message = new streams.AppendReq.ProposedMessage();
  message.setId(uuid(crypto.randomUUID()));
  for (const [key, value] of Object.entries(properties)) message.getMetadataMap().set(key, value);
  return new streams.AppendReq().setProposedMessage(message);
};

test('missing metadata is named in the trailers', async () => {
  const { error } = await classic([header(newStream()), event({ type: 't' })]);
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  expect(error?.metadata.getMap()).toMatchObject({
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'content-type',
  });
});

test('an append without options is an invalid argument', async () => {
  const { error } = await classic([event({ type: 't', 'content-type': 'application/json' })]);
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
});

test('a deletion without a stream name is an invalid argument', async () => {
  const error = await new Promise<ServiceError | null>((resolve) =>
    client.delete(new streams.DeleteReq(), (failed) => resolve(failed)),
  );
  expect(error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: 'a stream name is required',
  });
});

test('a read without uuid_option is an invalid argument', async () => {
  const options = new streams.ReadReq.Options();
  options.setAll(new streams.ReadReq.Options.AllOptions().setStart(new shared.Empty()));
  const call = client.read(new streams.ReadReq().setOptions(options));
  const [error] = await once(call, 'error');
  expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('server features: the version, and the tags clients look for', async () => {
  const asking = new features.ServerFeaturesClient(
    `127.0.0.1:${node.port}`,
    credentials.createInsecure(),
  );
  const answer = await new Promise<Map<string, string[]>>((resolve, reject) => {
    asking.getSupportedMethods(new shared.Empty(), (error, methods) => {
      if (error) reject(error);
      else {
        expect(methods.getEventStoreServerVersion()).toBe('24.6.0');
        const list = methods
          .getMethodsList()
          .map(
            (one) =>
              [`${one.getServiceName()}/${one.getMethodName()}`, one.getFeaturesList()] as const,
          );
        resolve(new Map(list));
      }
    });
  });
  asking.close();
  expect(answer.get('event_store.client.streams.streams/read')).toEqual(['position', 'events']);
  expect(answer.get('event_store.client.streams.streams/batchappend')).toEqual([
    'deadline_duration',
  ]);
});

test('services that are not there say so', async () => {
  const asking = new operations.OperationsClient(
    `127.0.0.1:${node.port}`,
    credentials.createInsecure(),
  );
  const error = await new Promise<ServiceError | null>((resolve) =>
    asking.shutdown(new shared.Empty(), (failed) => resolve(failed)),
  );
  asking.close();
  expect(error?.code).toBe(status.UNIMPLEMENTED);
});

test('HTTP/1.1: liveness, and nothing else', async () => {
  const base = `http://127.0.0.1:${node.port}`;
  expect((await fetch(`${base}/health/live`)).status).toBe(200);
  expect((await fetch(`${base}/streams/x`)).status).toBe(404);
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

test('going down, streams end as cancelled and single calls as unavailable', async () => {
  const other = await createTestDatabase();
  const going = await startEventStoreNode({ databaseUrl: other.url });
  const calling = new streamsService.StreamsClient(
    `127.0.0.1:${going.port}`,
    credentials.createInsecure(),
  );
  const options = new streams.ReadReq.Options();
  options.setAll(new streams.ReadReq.Options.AllOptions().setStart(new shared.Empty()));
  options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
  options.setNoFilter(new shared.Empty());
  options.setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(new shared.Empty()));
  const reading = calling.read(new streams.ReadReq().setOptions(options));
  const readEnds = once(reading, 'error').catch((error) => [error]);
  reading.on('data', () => undefined);
  const batch = calling.batchAppend();
  const batchEnds = once(batch, 'error');
  const got = answers(batch);
  batch.write(frame({ id: A, stream: newStream() }));
  await expect.poll(() => got.length).toBe(1);
  const single = new Promise<ServiceError | null>((resolve) => {
    const call = calling.append((error) => resolve(error));
    call.on('error', () => undefined);
    call.write(header(newStream()));
  });
  // The header has arrived when something sent after it on the same connection is answered.
  batch.write(frame({ id: B, stream: newStream() }));
  await expect.poll(() => got.length).toBe(2);

  await going.stop();

  expect((await readEnds)[0]).toMatchObject({ code: status.CANCELLED });
  expect((await batchEnds)[0]).toMatchObject({ code: status.CANCELLED });
  expect(await single).toMatchObject({ code: status.UNAVAILABLE });
  calling.close();
  await other.drop();
});
