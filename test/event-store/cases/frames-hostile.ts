// Frames by hand: what somebody sends who means harm, or has a bug, see ../frames.ts.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { type Case, type Context, rule, ruleGiven } from '../case.ts';
import {
  addressOf,
  batch,
  batchFrame,
  classic,
  classicEvent,
  classicHeader,
  filterOf,
  idOf,
  kindOf,
  readFrames,
  readRequest,
} from '../frames.ts';
import { happened, newStream, rawMetadata, read, revisions, several } from '../kit.ts';

const append = (stream: string): Buffer =>
  Buffer.from(batchFrame({ id: randomUUID(), stream }).serializeBinary());

const framed = (body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
};

/**
 * An append, and after its answer messages as bytes, all in one packet, down one stream until the
 * server ends it; the status it ends with.
 */
const batchOfBytes = async (url: string, bodies: readonly Buffer[]): Promise<number> => {
  const session = http2.connect(`http://${addressOf(url)}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/event_store.client.streams.Streams/BatchAppend',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  try {
    stream.write(framed(append(newStream())));
    await once(stream, 'data');
    stream.resume();
    const ended = once(stream, 'trailers');
    stream.end(Buffer.concat(bodies.map(framed)));
    const [trailers] = await ended;
    return Number(trailers['grpc-status']);
  } finally {
    session.destroy();
  }
};

/** Bytes that are no message; the last promises two gigabytes and has none of them. */
const garbage = ['0affffffffffffffffff01', 'ffffffffffffffffffffff', '2b2b2b', '0affffffff07'];

/** Others are served meanwhile. */
const othersAreServed = async ({ client, expect }: Pick<Context, 'client' | 'expect'>) => {
  const stream = newStream();
  await client.appendToStream(stream, happened());
  expect(await read(client.readStream(stream))).toHaveLength(1);
};

const bait = `${'a'.repeat(80)}!`;
const tooMuch: readonly (readonly [string, Parameters<typeof filterOf>[1]])[] = [
  ['an expression that backtracks without end', { regex: '(a+)+$' }],
  ['an expression of half a surrogate pair', { regex: '[\ud800' }],
  ['an expression of ten thousand characters', { regex: 'a'.repeat(10_000) }],
  ['ten thousand prefixes', { prefixes: Array.from({ length: 10_000 }, (_, n) => `p${n}`) }],
];

export const framesHostile: Case[] = [
  ...garbage.map((hex) =>
    rule(
      'malformed.ends',
      `${hex} between appends ends their stream, and nobody waits`,
      async (context) => {
        // Some that are answered at once, while the one that is none is being refused.
        const late = { stream: newStream(), deadlineMs: -1_000 };
        const refused = Array.from({ length: 8 }, () =>
          Buffer.from(batchFrame({ id: randomUUID(), ...late }).serializeBinary()),
        );
        const bodies = [...refused, Buffer.from(hex, 'hex'), append(newStream())];
        const code = await batchOfBytes(context.url, bodies);
        context.expect(code).toBeGreaterThan(0);
        await othersAreServed(context);
      },
    ),
  ),
  rule(
    'batch.unreadable-id',
    'an append whose correlation id is none, between others',
    async ({ url, expect, ours }) => {
      const frame = batchFrame({ id: 'none', stream: newStream() });
      const nameless = batchFrame({ id: randomUUID(), stream: newStream() });
      nameless.clearCorrelationId();
      for (const wrong of [frame, nameless]) {
        const bodies = [append(newStream()), Buffer.from(wrong.serializeBinary())];
        const code = await batchOfBytes(url, [...bodies, append(newStream())]);
        expect(code).toBeGreaterThan(0);
        if (ours) expect(code).toBe(status.INVALID_ARGUMENT);
      }
    },
  ),
  rule(
    ['batch.abandoned', 'batch.one-reply'],
    'appends that are incomplete when the client has finished are refused, each once',
    async ({ url, expect, ours }) => {
      // A real server ends the stream and leaves them unanswered.
      if (!ours) return;
      const [left, alsoLeft, done] = [randomUUID(), randomUUID(), randomUUID()];
      const answers = await batch(url, [
        batchFrame({ id: left, stream: newStream(), final: false }),
        batchFrame({ id: alsoLeft, stream: newStream(), final: false, events: [] }),
        batchFrame({ id: done, stream: newStream() }),
      ]);
      expect(answers.map(idOf).toSorted()).toEqual([left, alsoLeft, done].toSorted());
      const kinds = new Map(answers.map((answer) => [idOf(answer), kindOf(answer)]));
      expect([left, alsoLeft, done].map((id) => kinds.get(id))).toEqual([
        'BadRequest',
        'BadRequest',
        undefined,
      ]);
    },
  ),
  rule(
    'classic.header',
    'an append that has its options twice, or a message with nothing in it, is refused whole',
    async ({ client, url, expect, ours }) => {
      const [first, second] = [newStream(), newStream()];
      const wrong = [classicHeader(second), new streams.AppendReq()];
      for (const part of wrong) {
        const parts = [classicHeader(first), classicEvent(), part, classicEvent()];
        const { error } = await classic(url, parts);
        expect(error?.code).toBeGreaterThan(0);
        if (ours) expect(error?.code).toBe(status.INVALID_ARGUMENT);
      }
      for (const stream of [first, second]) {
        await expect(read(client.readStream(stream))).rejects.toMatchObject({
          type: 'stream-not-found',
        });
      }
    },
  ),
  ...tooMuch.map(([what, expression]) =>
    ruleGiven(
      'filter.bounded',
      `${what} fails its own call`,
      async ({ client }) => {
        await client.appendToStream(bait, happened());
      },
      async (context) => {
        // .NET's expressions have limits of their own.
        if (!context.ours) return;
        const request = readRequest({ filter: filterOf('stream', expression) });
        const { error } = await readFrames(context.url, request);
        context.expect(error?.code).toBe(status.INVALID_ARGUMENT);
        context.expect(error?.details.length).toBeLessThan(2_000);
        await othersAreServed(context);
      },
    ),
  ),
  ruleGiven(
    'limit.large',
    '$maxAge of the largest int64 hides nothing',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(3));
      await client.appendToStream(`$$${stream}`, rawMetadata('{"$maxAge":9223372036854775807}'));
      return stream;
    },
    async ({ client, expect, follow }, stream) => {
      expect(revisions(await read(client.readStream(stream)))).toEqual([0n, 1n, 2n]);
      const following = follow(client.subscribeToStream(stream));
      await following.until((one) => one.events.length === 3);
    },
  ),
  rule(
    'follow.start',
    'after the largest number there is, nothing comes, and the stream is not taken for deleted',
    async ({ client, url, expect }) => {
      const stream = newStream();
      const request = readRequest({ stream, from: 2n ** 63n - 1n, subscribe: true });
      const live = Promise.withResolvers<void>();
      let over = false;
      const following = readFrames(url, request, (got) => {
        // Confirmed and caught up: now it is live.
        if (got.length === 2) live.resolve();
        return false;
      }).finally(() => {
        over = true;
      });
      await live.promise;
      await client.appendToStream(stream, several(2));
      // What the subscription was told of it comes before what is asked for now.
      for (let n = 0; n < 5; n += 1) await read(client.readStream(stream));
      expect(over).toBe(false);
      await client.tombstoneStream(stream);
      const { got, error } = await following;
      expect(got.filter((message) => message.hasEvent())).toEqual([]);
      expect(error?.metadata.getMap()).toMatchObject({ exception: 'stream-deleted' });
    },
  ),
];
