import type { AppendExpectedRevision } from '@eventstore/db-client';
import { rule, ruleGiven } from '../case.ts';
import { failure, happened, newStream, range, read, revisions, several, WAYS } from '../kit.ts';
import type { RuleId } from '../rules.ts';

type Row<Result> = readonly [RuleId, AppendExpectedRevision, number, Result];

/** rule, expected, events that are there, number of the new event */
const taken: readonly Row<bigint>[] = [
  ['expect.any', 'any', 0, 0n],
  ['expect.any', 'any', 2, 2n],
  ['expect.no-stream', 'no_stream', 0, 0n],
  ['expect.stream-exists', 'stream_exists', 1, 1n],
  ['expect.exact', 0n, 1, 1n],
  ['expect.exact', 4n, 5, 5n],
];
/** rule, expected, events that are there, what the error says is there */
const refused: readonly Row<bigint | 'no_stream'>[] = [
  ['expect.no-stream', 'no_stream', 2, 1n],
  ['expect.stream-exists', 'stream_exists', 0, 'no_stream'],
  ['expect.new-stream', 0n, 0, 'no_stream'],
  ['expect.new-stream', 5n, 0, 'no_stream'],
  ['expect.behind', 0n, 2, 1n],
  ['expect.behind', 1n, 5, 4n],
  ['expect.ahead', 2n, 2, 1n],
  ['expect.ahead', 7_000_000_000n, 2, 1n],
];

export const expectedRevision = WAYS.flatMap(([way, options]) => [
  ...taken.map(([id, expected, length, revision]) =>
    ruleGiven(
      id,
      `${way}: ${expected} writes to a stream of ${length}`,
      async ({ client }) => {
        const stream = newStream();
        if (length > 0) await client.appendToStream(stream, several(length), options);
        return stream;
      },
      async ({ client, expect }, stream) => {
        const wishes = { expectedRevision: expected, ...options };
        const answer = await client.appendToStream(stream, happened(), wishes);
        expect(answer.nextExpectedRevision).toBe(revision);
        expect(revisions(await read(client.readStream(stream)))).toEqual(range(0, length));
      },
    ),
  ),
  ...refused.map(([id, expected, length, actual]) =>
    ruleGiven(
      [id, 'expect.says'],
      `${way}: ${expected} is wrong for a stream of ${length}`,
      async ({ client }) => {
        const stream = newStream();
        if (length > 0) await client.appendToStream(stream, several(length), options);
        return stream;
      },
      async ({ client, expect }, stream) => {
        const wishes = { expectedRevision: expected, ...options };
        expect(await failure(client.appendToStream(stream, happened(), wishes))).toMatchObject({
          type: 'wrong-expected-version',
          streamName: stream,
          expectedVersion: expected,
          actualVersion: actual,
        });
        const there = await read(client.readStream(stream)).catch(() => []);
        expect(there).toHaveLength(length);
      },
    ),
  ),
  ruleGiven(
    'expect.stream-exists',
    `${way}: metadata alone is enough for stream_exists`,
    async ({ client }) => {
      const stream = newStream();
      await client.setStreamMetadata(stream, { mine: 1 });
      return stream;
    },
    async ({ client, expect }, stream) => {
      const wishes = { expectedRevision: 'stream_exists', ...options } as const;
      const answer = await client.appendToStream(stream, happened(), wishes);
      expect(answer.nextExpectedRevision).toBe(0n);
    },
  ),
  ruleGiven(
    'expect.no-stream',
    `${way}: metadata alone is no stream for no_stream`,
    async ({ client }) => {
      const stream = newStream();
      await client.setStreamMetadata(stream, { mine: 1 });
      return stream;
    },
    async ({ client, expect }, stream) => {
      const wishes = { expectedRevision: 'no_stream', ...options } as const;
      expect((await client.appendToStream(stream, happened(), wishes)).nextExpectedRevision).toBe(
        0n,
      );
    },
  ),
  rule(
    'expect.race',
    `${way}: of fifty at the same revision exactly one wins`,
    async ({ client, expect }) => {
      const stream = newStream();
      await client.appendToStream(stream, happened());
      const attempts = await Promise.allSettled(
        several(50).map((event) =>
          client.appendToStream(stream, event, { expectedRevision: 0n, ...options }),
        ),
      );
      expect(attempts.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
      const wrong = { type: 'wrong-expected-version', actualVersion: 1n };
      for (const one of attempts) {
        if (one.status === 'rejected') expect(one.reason).toMatchObject(wrong);
      }
      expect(await read(client.readStream(stream))).toHaveLength(2);
    },
  ),
]);
