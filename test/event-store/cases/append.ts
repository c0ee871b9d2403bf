import { randomUUID } from 'node:crypto';
import { binaryEvent, END, type EventData, jsonEvent } from '@eventstore/db-client';
import { rule, ruleGiven } from '../case.ts';
import {
  blob,
  failure,
  happened,
  increasing,
  newStream,
  numbers,
  positionOf,
  range,
  read,
  revisions,
  several,
  WAYS,
} from '../kit.ts';

const MEBIBYTE = 1024 * 1024;

const contents: readonly (readonly [string, () => EventData, object])[] = [
  [
    'JSON with nested data beyond ASCII',
    () =>
      jsonEvent({
        type: 'größe-geändert',
        data: { name: 'Zoë', n: [1, 2.5, null], deep: { er: { still: true } } },
        metadata: { $correlationId: 'c', by: 'ß' },
      }),
    {
      type: 'größe-geändert',
      isJson: true,
      data: { name: 'Zoë', n: [1, 2.5, null], deep: { er: { still: true } } },
      metadata: { $correlationId: 'c', by: 'ß' },
    },
  ],
  [
    'bytes with metadata of bytes',
    () =>
      binaryEvent({
        type: 'picture',
        data: Buffer.from([0, 255, 128, 10]),
        metadata: Buffer.from([1, 0, 2]),
      }),
    {
      type: 'picture',
      isJson: false,
      data: new Uint8Array([0, 255, 128, 10]),
      metadata: new Uint8Array([1, 0, 2]),
    },
  ],
  [
    'no data at all',
    () => binaryEvent({ type: 'nothing', data: Buffer.alloc(0) }),
    { type: 'nothing', isJson: false, data: new Uint8Array() },
  ],
  [
    'JSON that is a list, a text or null',
    () => jsonEvent({ type: 'list', data: [1, 'two', null] }),
    { type: 'list', isJson: true, data: [1, 'two', null] },
  ],
  [
    'a type of thousand letters',
    () => jsonEvent({ type: 't'.repeat(1_000), data: {} }),
    { type: 't'.repeat(1_000), isJson: true },
  ],
];

const names = [
  ['with an umlaut, a slash and characters beyond the first plane', 'über/ß 日本 🐶'],
  ['with spaces, quotes and percent signs', ' a "b" \'c\' 100%25 '],
  ['with a line break and a tab', 'a\n\tb'],
  ['with @, which separates links', '7@of'],
  ['with dashes and dots alone', '--..--'],
] as const;

const perWay = WAYS.flatMap(([way, options]) => [
  ruleGiven(
    ['append.answer', 'append.position'],
    `${way}: the answer names the last event, where it is read`,
    async ({ client }) => {
      const stream = newStream();
      const first = await client.appendToStream(stream, several(3), options);
      const second = await client.appendToStream(stream, happened(3), options);
      return { stream, first, second };
    },
    async ({ client, expect }, { stream, first, second }) => {
      expect(first).toMatchObject({ success: true, nextExpectedRevision: 2n });
      expect(second).toMatchObject({ success: true, nextExpectedRevision: 3n });
      const events = await read(client.readStream(stream));
      expect(events.at(2)?.event?.position).toEqual(first.position);
      expect(events.at(3)?.event?.position).toEqual(second.position);
      expect(positionOf(second).commit).toBe(positionOf(second).prepare);
      expect(positionOf(second).commit).toBeGreaterThan(positionOf(first).commit);
    },
  ),
  ruleGiven(
    'append.order',
    `${way}: two hundred events stand next to each other`,
    async ({ client }) => {
      const stream = newStream();
      const noise = newStream();
      await Promise.all([
        client.appendToStream(stream, several(200), options),
        ...several(20).map((event) => client.appendToStream(noise, event)),
      ]);
      return stream;
    },
    async ({ client, expect }, stream) => {
      const events = await read(client.readStream(stream));
      expect(numbers(events)).toEqual(Array.from({ length: 200 }, (_, n) => n));
      const [from] = events;
      const between = await read(
        client.readAll({
          maxCount: 200,
          fromPosition: positionOf({ position: from?.event?.position }),
        }),
      );
      expect(between.map((one) => one.event?.id)).toEqual(events.map((one) => one.event?.id));
    },
  ),
  rule(
    ['append.whole', 'append.size'],
    `${way}: a mebibyte of data is taken, a byte more is refused whole`,
    async ({ client, expect }) => {
      const stream = newStream();
      await client.appendToStream(stream, [blob(MEBIBYTE / 2), blob(MEBIBYTE / 2)], options);
      const tooMuch = [blob(MEBIBYTE / 2), blob(MEBIBYTE / 2), blob(1)];
      expect(await failure(client.appendToStream(stream, tooMuch, options))).toMatchObject({
        type: 'maximum-append-size-exceeded',
        maxAppendSize: MEBIBYTE,
      });
      expect(await read(client.readStream(stream))).toHaveLength(2);
    },
  ),
  rule(
    ['append.size', 'connect.message-size'],
    `${way}: one event of four megabytes is too large, not a broken connection`,
    async ({ client, expect }) => {
      const large = client.appendToStream(newStream(), blob(4_000_000), options);
      expect(await failure(large)).toMatchObject({ type: 'maximum-append-size-exceeded' });
    },
  ),
  rule(
    'append.size-of-data',
    `${way}: two mebibytes of metadata do not count`,
    async ({ client, expect, ours }) => {
      const stream = newStream();
      const metadata = Buffer.alloc(2 * MEBIBYTE, 1);
      const event = binaryEvent({ type: 'annotated', data: Buffer.from('x'), metadata });
      const write = client.appendToStream(stream, event, options);
      // Servers since 25 count it.
      if (
        !ours &&
        (await write.then(
          () => false,
          () => true,
        ))
      )
        return;
      await write;
      const [found] = await read(client.readStream(stream));
      expect(found?.event?.metadata).toHaveLength(2 * MEBIBYTE);
    },
  ),
  rule(
    'append.all-denied',
    `${way}: nobody may write to $all`,
    async ({ client, expect, ours }) => {
      // Only of a real server with access control: an insecure one may let it through.
      if (!ours) return;
      expect(await failure(client.appendToStream('$all', happened(), options))).toMatchObject({
        type: 'access-denied',
      });
    },
  ),
  rule('append.empty', `${way}: no events at all change nothing`, async ({ client, expect }) => {
    const stream = newStream();
    await client.appendToStream(stream, several(2), options);
    const answer = await client.appendToStream(stream, [], { expectedRevision: 1n, ...options });
    expect(answer.nextExpectedRevision).toBe(1n);
    const wrong = client.appendToStream(stream, [], { expectedRevision: 7n, ...options });
    expect(await failure(wrong)).toMatchObject({ type: 'wrong-expected-version' });
    expect(revisions(await read(client.readStream(stream)))).toEqual(range(0, 1));
  }),
  rule(
    'append.visible',
    `${way}: a reader sees its own write at once`,
    async ({ client, expect }) => {
      const stream = newStream();
      for (let n = 0; n < 10; n++) {
        await client.appendToStream(stream, happened(n), options);
        const newest = { direction: 'backwards', fromRevision: END, maxCount: 1 } as const;
        expect(numbers(await read(client.readStream(stream, newest)))).toEqual([n]);
      }
    },
  ),
  ...contents.map(([what, make, expected]) =>
    ruleGiven(
      ['append.content', 'append.content-type'],
      `${way}: keeps ${what}`,
      async ({ client }) => {
        const stream = newStream();
        const event = make();
        await client.appendToStream(stream, event, options);
        return { stream, id: event.id };
      },
      async ({ client, expect }, { stream, id }) => {
        const [found] = await read(client.readStream(stream));
        expect(found?.event).toMatchObject({ streamId: stream, id, revision: 0n, ...expected });
      },
    ),
  ),
]);

export const append = [
  ...perWay,
  ...names.map(([what, part]) =>
    ruleGiven(
      'append.names',
      `a name ${what}`,
      async ({ client }) => {
        const stream = `${newStream()}${part}`;
        await client.appendToStream(stream, { ...happened(1), type: part });
        return stream;
      },
      async ({ client, expect }, stream) => {
        const [found] = await read(client.readStream(stream));
        expect(found?.event).toMatchObject({ streamId: stream, type: part });
        const wrong = client.appendToStream(stream, happened(), { expectedRevision: 'no_stream' });
        expect(await failure(wrong)).toMatchObject({ streamName: stream, actualVersion: 0n });
      },
    ),
  ),
  ruleGiven(
    'append.created',
    'events carry the time they were written, in order',
    async ({ client }) => {
      const stream = newStream();
      const before = Date.now();
      for (const event of several(5)) await client.appendToStream(stream, event);
      return { stream, before, after: Date.now() };
    },
    async ({ client, expect }, { stream, before, after }) => {
      const events = await read(client.readStream(stream));
      const times = events.map((one) => one.event?.created.getTime() ?? 0);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      // A real server may run on another clock.
      expect(times.at(0)).toBeGreaterThanOrEqual(before - 1_000);
      expect(times.at(-1)).toBeLessThanOrEqual(after + 1_000);
    },
  ),
  ruleGiven(
    ['append.answer', 'all.positions', 'durable.answered'],
    'three hundred streams at once: every answer belongs to its append',
    async ({ client }) => {
      const streams = Array.from({ length: 300 }, () => newStream('many'));
      const answers = await Promise.all(
        streams.map((stream, index) => client.appendToStream(stream, several((index % 3) + 1))),
      );
      return { streams, answers };
    },
    async ({ client, expect }, { streams, answers }) => {
      expect(answers.map((answer) => answer.nextExpectedRevision)).toEqual(
        streams.map((_, index) => BigInt(index % 3)),
      );
      const positions = answers.map((answer) => positionOf(answer).commit);
      expect(new Set(positions).size).toBe(streams.length);
      const some = streams.filter((_, index) => index % 25 === 0);
      for (const stream of some) {
        const last = (await read(client.readStream(stream))).at(-1)?.event;
        expect(last?.position).toEqual(answers[streams.indexOf(stream)]?.position);
      }
    },
  ),
  ruleGiven(
    ['durable.goes-on', 'append.position'],
    'numbers and positions go on where they were',
    async ({ client }) => {
      const stream = newStream();
      return { stream, first: await client.appendToStream(stream, several(3)) };
    },
    async ({ client, expect }, { stream, first }) => {
      const next = await client.appendToStream(stream, happened(3), { expectedRevision: 2n });
      expect(next.nextExpectedRevision).toBe(3n);
      expect(increasing([positionOf(first).commit, positionOf(next).commit])).toBe(true);
      expect(numbers(await read(client.readStream(stream)))).toEqual([0, 1, 2, 3]);
    },
  ),
  ruleGiven(
    ['repeat.per-stream'],
    'the same event id in another stream is another event',
    async ({ client }) => {
      const event = happened(1, randomUUID());
      const streams = [newStream(), newStream()];
      for (const stream of streams) await client.appendToStream(stream, event);
      return { streams, event };
    },
    async ({ client, expect }, { streams, event }) => {
      for (const stream of streams) {
        const found = await read(client.readStream(stream));
        expect(found.map((one) => one.event?.id)).toEqual([event.id]);
      }
    },
  ),
];
