import { randomUUID } from 'node:crypto';
import { type AppendExpectedRevision, binaryEvent, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failure, happened, newStream, openTarget, read, several, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

// With credentials of its own a call takes the classic Append, without it goes over BatchAppend.
const paths = [
  ['batch', {}],
  ['classic', { credentials: { username: 'admin', password: 'changeit' } }],
] as const;

describe.each(paths)('append by %s', (_path, options) => {
  test('answers with the last revision and the position the last event is read at', async () => {
    const { client } = target;
    const stream = newStream();
    const first = await client.appendToStream(stream, several(3), {
      expectedRevision: 'no_stream',
      ...options,
    });
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 2n });
    const second = await client.appendToStream(stream, happened(3), {
      expectedRevision: 2n,
      ...options,
    });
    expect(second.nextExpectedRevision).toBe(3n);
    const events = await read(client.readStream(stream));
    expect(events.at(2)?.event?.position).toEqual(first.position);
    expect(events.at(3)?.event?.position).toEqual(second.position);
    expect(second.position?.commit).toBe(second.position?.prepare);
    expect(second.position?.commit).toBeGreaterThan(first.position?.commit ?? 0n);
  });

  test.each<[AppendExpectedRevision, number, bigint | 'no_stream']>([
    ['no_stream', 2, 1n],
    ['stream_exists', 0, 'no_stream'],
    [0n, 0, 'no_stream'],
    [0n, 2, 1n],
    [7n, 2, 1n],
  ])(
    'expecting %s of a stream of %i events fails and says what is there',
    async (expectedRevision, length, actual) => {
      const { client } = target;
      const stream = newStream();
      if (length > 0) await client.appendToStream(stream, several(length));
      const error = await failure(
        client.appendToStream(stream, happened(), { expectedRevision, ...options }),
      );
      expect(error).toMatchObject({
        type: 'wrong-expected-version',
        streamName: stream,
        expectedVersion: expectedRevision,
        actualVersion: actual,
      });
      if (length > 0) expect(await read(client.readStream(stream))).toHaveLength(length);
    },
  );

  test('keeps id, type, data, metadata and time', async () => {
    const { client } = target;
    const stream = newStream();
    const json = jsonEvent({
      id: randomUUID(),
      type: 'größe-geändert',
      data: { name: 'Zoë', n: [1, 2.5, null] },
      metadata: { $correlationId: 'c', by: 'ß' },
    });
    const binary = binaryEvent({
      type: 'picture',
      data: Buffer.from([0, 255, 128, 10]),
      metadata: Buffer.from([1, 0, 2]),
    });
    const before = Date.now();
    await client.appendToStream(stream, [json, binary], options);
    const [first, second] = await read(client.readStream(stream));
    expect(first?.event).toMatchObject({
      streamId: stream,
      id: json.id,
      type: json.type,
      data: json.data,
      metadata: json.metadata,
      isJson: true,
    });
    expect(second?.event).toMatchObject({ id: binary.id, type: 'picture', isJson: false });
    expect(second?.event?.data).toEqual(new Uint8Array([0, 255, 128, 10]));
    expect(second?.event?.metadata).toEqual(new Uint8Array([1, 0, 2]));
    const created = first?.event?.created.getTime() ?? 0;
    expect(created).toBeGreaterThanOrEqual(before - 1_000);
    expect(created).toBeLessThanOrEqual(Date.now() + 1_000);
  });

  test('takes a mebibyte of data and refuses more, without writing anything', async () => {
    const { client } = target;
    const stream = newStream();
    const half = () => binaryEvent({ type: 'blob', data: Buffer.alloc(512 * 1024, 7) });
    await client.appendToStream(stream, [half(), half()], options);
    const error = await failure(
      client.appendToStream(
        stream,
        [half(), half(), binaryEvent({ type: 'blob', data: Buffer.alloc(1) })],
        options,
      ),
    );
    expect(error).toMatchObject({
      type: 'maximum-append-size-exceeded',
      maxAppendSize: 1024 * 1024,
    });
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });

  test('a repeat is answered like the first time and written once', async () => {
    const { client } = target;
    const stream = newStream();
    const events = several(3);
    for (const expectedRevision of ['no_stream', 'no_stream', 'any'] as const) {
      const answer = await client.appendToStream(stream, events, { expectedRevision, ...options });
      expect(answer.nextExpectedRevision).toBe(2n);
    }
    const more = happened();
    await client.appendToStream(stream, more, { expectedRevision: 2n, ...options });
    await client.appendToStream(stream, happened(), { expectedRevision: 3n, ...options });
    const repeat = await client.appendToStream(stream, more, { expectedRevision: 2n, ...options });
    expect(repeat.nextExpectedRevision).toBe(3n);
    expect(await read(client.readStream(stream))).toHaveLength(5);
  });

  test('another event at the same revision is no repeat', async () => {
    const { client } = target;
    const stream = newStream();
    const [first, second] = several(2);
    if (first === undefined || second === undefined) throw new Error('two events');
    await client.appendToStream(stream, [first, second]);
    for (const events of [
      [happened(), second],
      [first, happened()],
      [first, second, happened()],
    ]) {
      const error = await failure(
        client.appendToStream(stream, events, { expectedRevision: 'no_stream', ...options }),
      );
      expect(error).toMatchObject({ type: 'wrong-expected-version', actualVersion: 1n });
    }
  });

  test('of many at the same revision exactly one wins', async () => {
    const { client } = target;
    const stream = newStream();
    await client.appendToStream(stream, happened());
    const attempts = await Promise.allSettled(
      several(50).map((event) =>
        client.appendToStream(stream, event, { expectedRevision: 0n, ...options }),
      ),
    );
    expect(attempts.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of attempts) {
      if (one.status === 'rejected') {
        expect(one.reason).toMatchObject({ type: 'wrong-expected-version', actualVersion: 1n });
      }
    }
    expect(await read(client.readStream(stream))).toHaveLength(2);
  });
});

test('the same event id in another stream is another event', async () => {
  const event = happened();
  const [one, two] = [newStream(), newStream()];
  await target.client.appendToStream(one, event);
  await target.client.appendToStream(two, event);
  expect(await read(target.client.readStream(two))).toHaveLength(1);
});

test('many streams at once: every answer belongs to its append', async () => {
  const { client } = target;
  const streams = Array.from({ length: 300 }, () => newStream('many'));
  const answers = await Promise.all(
    streams.map((stream, index) =>
      client.appendToStream(stream, several((index % 3) + 1), { expectedRevision: 'no_stream' }),
    ),
  );
  expect(answers.map((answer) => answer.nextExpectedRevision)).toEqual(
    streams.map((_, index) => BigInt(index % 3)),
  );
  const positions = answers.map((answer) => answer.position?.commit);
  expect(new Set(positions).size).toBe(streams.length);
});

test('names beyond ASCII, also in errors', async () => {
  const stream = `${newStream()}-über/ß 日本`;
  await target.client.appendToStream(stream, happened());
  expect(await read(target.client.readStream(stream))).toHaveLength(1);
  const error = await failure(
    target.client.appendToStream(stream, happened(), { expectedRevision: 'no_stream' }),
  );
  expect(error).toMatchObject({ type: 'wrong-expected-version', streamName: stream });
  await target.client.tombstoneStream(stream);
  expect(await failure(target.client.deleteStream(stream))).toMatchObject({
    type: 'stream-deleted',
  });
});

test('nobody may append to $all', async () => {
  expect(await failure(target.client.appendToStream('$all', happened()))).toMatchObject({
    type: 'access-denied',
  });
});
