import type { EventData } from '@eventstore/db-client';
import { ruleGiven } from '../case.ts';
import { failure, happened, newStream, read, several, WAYS } from '../kit.ts';
import type { RuleId } from '../rules.ts';

type Pair = readonly [EventData, EventData];
const pair = (): Pair => [happened(0), happened(1)];

const others: readonly (readonly [RuleId, string, (stored: Pair) => EventData[]])[] = [
  ['repeat.first-differs', 'another first event', ([, second]) => [happened(), second]],
  ['repeat.later-differs', 'another second event', ([first]) => [first, happened()]],
  ['repeat.later-differs', 'one event more', ([first, second]) => [first, second, happened()]],
  ['repeat.first-differs', 'the same events the other way round', ([a, b]) => [b, a]],
];

export const repeats = WAYS.flatMap(([way, options]) => [
  ruleGiven(
    ['repeat.no-stream', 'durable.repeat'],
    `${way}: a repeat with no_stream is answered like the first time`,
    async ({ client }) => {
      const stream = newStream();
      const events = several(3);
      const wishes = { expectedRevision: 'no_stream', ...options } as const;
      const first = await client.appendToStream(stream, events, wishes);
      await client.appendToStream(stream, several(2), options);
      return { stream, events, wishes, first };
    },
    async ({ client, expect }, { stream, events, wishes, first }) => {
      expect(await client.appendToStream(stream, events, wishes)).toEqual(first);
      expect(await read(client.readStream(stream))).toHaveLength(5);
    },
  ),
  ruleGiven(
    ['repeat.exact', 'durable.repeat'],
    `${way}: so is one with a number, also after a hundred others`,
    async ({ client }) => {
      const stream = newStream();
      const events = several(2);
      await client.appendToStream(stream, several(3), options);
      const wishes = { expectedRevision: 2n, ...options };
      const first = await client.appendToStream(stream, events, wishes);
      await client.appendToStream(stream, several(100), options);
      return { stream, events, wishes, first };
    },
    async ({ client, expect }, { stream, events, wishes, first }) => {
      expect(await client.appendToStream(stream, events, wishes)).toEqual(first);
      expect(await read(client.readStream(stream))).toHaveLength(105);
    },
  ),
  ruleGiven(
    'repeat.exact',
    `${way}: the first part of an append is a repeat as well`,
    async ({ client }) => {
      const stream = newStream();
      const events = several(3);
      await client.appendToStream(stream, events, options);
      return { stream, events };
    },
    async ({ client, expect }, { stream, events }) => {
      const wishes = { expectedRevision: 'no_stream', ...options } as const;
      const answer = await client.appendToStream(stream, events.slice(0, 2), wishes);
      expect(answer.nextExpectedRevision).toBe(1n);
      expect(await read(client.readStream(stream))).toHaveLength(3);
    },
  ),
  ...(['any', 'stream_exists'] as const).map((expectedRevision) =>
    ruleGiven(
      'repeat.any',
      `${way}: a repeat with ${expectedRevision} is known while it is remembered`,
      async ({ client }) => {
        const stream = newStream();
        await client.appendToStream(stream, happened(), options);
        const events = several(2);
        const first = await client.appendToStream(stream, events, { expectedRevision, ...options });
        await client.appendToStream(stream, happened(), options);
        return { stream, events, first };
      },
      async ({ client, expect, remembers }, { stream, events, first }) => {
        const wishes = { expectedRevision, ...options };
        const answer = await client.appendToStream(stream, events, wishes);
        if (remembers) expect(answer).toEqual(first);
        else expect(answer.nextExpectedRevision).toBe(5n);
        expect(await read(client.readStream(stream))).toHaveLength(remembers ? 4 : 6);
      },
    ),
  ),
  ruleGiven(
    'repeat.any-partly',
    `${way}: with any, a known event and then a new one is a wrong version`,
    async ({ client }) => {
      const stream = newStream();
      const event = happened();
      await client.appendToStream(stream, event, options);
      return { stream, event };
    },
    async ({ client, expect, remembers }, { stream, event }) => {
      const write = client.appendToStream(stream, [event, happened()], options);
      if (!remembers) expect((await write).nextExpectedRevision).toBe(2n);
      else
        expect(await failure(write)).toMatchObject({
          type: 'wrong-expected-version',
          actualVersion: 0n,
        });
    },
  ),
  ruleGiven(
    'repeat.any-new-first',
    `${way}: with any, a new event and then a known one is a new write`,
    async ({ client }) => {
      const stream = newStream();
      const event = happened();
      await client.appendToStream(stream, event, options);
      return { stream, event };
    },
    async ({ client, expect }, { stream, event }) => {
      const answer = await client.appendToStream(stream, [happened(), event], options);
      expect(answer.nextExpectedRevision).toBe(2n);
    },
  ),
  ...others.flatMap(([id, what, change]) =>
    (['no_stream', 0n] as const).map((expectedRevision) =>
      ruleGiven(
        id,
        `${way}: ${what} at ${expectedRevision} is no repeat`,
        async ({ client }) => {
          const stream = newStream();
          const stored = pair();
          if (expectedRevision !== 'no_stream') await client.appendToStream(stream, happened());
          await client.appendToStream(stream, [...stored], options);
          return { stream, stored, last: expectedRevision === 'no_stream' ? 1n : 2n };
        },
        async ({ client, expect }, { stream, stored, last }) => {
          const wishes = { expectedRevision, ...options };
          const write = client.appendToStream(stream, change(stored), wishes);
          expect(await failure(write)).toMatchObject({
            type: 'wrong-expected-version',
            actualVersion: last,
          });
        },
      ),
    ),
  ),
]);
