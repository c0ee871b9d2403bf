import { END, type EventStoreDBClient } from '@eventstore/db-client';
import { type Before, rule, ruleGiven } from '../case.ts';
import {
  CLASSIC,
  failure,
  happened,
  newStream,
  positionOf,
  range,
  rawMetadata,
  read,
  revisions,
  several,
} from '../kit.ts';
import type { RuleId } from '../rules.ts';

const LARGEST = 9_223_372_036_854_775_807n;

const deleted = async ({ client }: Before) => {
  const stream = newStream();
  await client.appendToStream(stream, several(3));
  const answer = await client.deleteStream(stream);
  return { stream, answer };
};
const tombstoned = async ({ client }: Before) => {
  const stream = newStream();
  await client.appendToStream(stream, several(2));
  const answer = await client.tombstoneStream(stream, { expectedRevision: 1n });
  return { stream, answer };
};

type Doing = (client: EventStoreDBClient, stream: string) => Promise<unknown>;

const refused: readonly (readonly [string, Doing])[] = [
  ['read', (client, stream) => read(client.readStream(stream))],
  [
    'read backwards',
    (client, stream) =>
      read(client.readStream(stream, { direction: 'backwards', fromRevision: END })),
  ],
  ['appended to in a batch', (client, stream) => client.appendToStream(stream, happened())],
  ['appended to by itself', (client, stream) => client.appendToStream(stream, happened(), CLASSIC)],
  [
    'appended to with no_stream',
    (client, stream) =>
      client.appendToStream(stream, happened(), { expectedRevision: 'no_stream' }),
  ],
  [
    'appended to with stream_exists',
    (client, stream) =>
      client.appendToStream(stream, happened(), { expectedRevision: 'stream_exists' }),
  ],
  ['deleted', (client, stream) => client.deleteStream(stream)],
  ['tombstoned again', (client, stream) => client.tombstoneStream(stream)],
];
const metadataRefused: readonly (readonly [string, Doing])[] = [
  ['set', (client, stream) => client.setStreamMetadata(stream, { maxCount: 1 })],
  ['read', (client, stream) => client.getStreamMetadata(stream)],
];

const wrong: readonly (readonly [
  RuleId,
  'deleteStream' | 'tombstoneStream',
  'no_stream' | bigint,
])[] = [
  ['delete.expected', 'deleteStream', 0n],
  ['delete.expected', 'deleteStream', 5n],
  ['delete.expected', 'deleteStream', 'no_stream'],
  ['tombstone.expected', 'tombstoneStream', 0n],
  ['tombstone.expected', 'tombstoneStream', 5n],
  ['tombstone.expected', 'tombstoneStream', 'no_stream'],
];

export const deletion = [
  ruleGiven(
    ['delete.not-found', 'delete.answer'],
    'a deleted stream is not found; the answer says where that stands',
    deleted,
    async ({ client, expect }, { stream, answer }) => {
      for (const direction of ['forwards', 'backwards'] as const) {
        const reading = read(client.readStream(stream, { direction }));
        expect(await failure(reading)).toMatchObject({
          type: 'stream-not-found',
          streamName: stream,
        });
      }
      const [metadata] = await read(client.readStream(`$$${stream}`));
      expect(metadata?.event?.position).toEqual(positionOf(answer));
    },
  ),
  ruleGiven(
    'delete.metadata',
    'deleting replaces the metadata',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(3));
      await client.setStreamMetadata(stream, { mine: 1, maxCount: 2 });
      await client.deleteStream(stream, { expectedRevision: 2n });
      return stream;
    },
    async ({ client, expect }, stream) => {
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({
        truncateBefore: Number(LARGEST),
      });
    },
  ),
  rule('delete.nothing', 'what never was cannot be deleted', async ({ client, expect }) => {
    const stream = newStream();
    for (const wishes of [
      {},
      { expectedRevision: 'no_stream' },
      { expectedRevision: 0n },
    ] as const) {
      expect(await failure(client.deleteStream(stream, wishes))).toMatchObject({
        type: 'wrong-expected-version',
        streamName: stream,
        // In trailers -1 means none.
        actualVersion: -1n,
      });
    }
  }),
  ...(['any', 'no_stream'] as const).map((expectedRevision) =>
    ruleGiven(
      'delete.metadata-only',
      `a stream of metadata alone can be deleted with ${expectedRevision}`,
      async ({ client }) => {
        const stream = newStream();
        await client.setStreamMetadata(stream, { mine: 1 });
        return stream;
      },
      async ({ client, expect }, stream) => {
        const answer = await client.deleteStream(stream, { expectedRevision });
        expect(positionOf(answer).commit).toBeTypeOf('bigint');
        const appending = client.appendToStream(stream, happened(), {
          expectedRevision: 'stream_exists',
        });
        expect(await failure(appending)).toMatchObject({ type: 'stream-deleted' });
      },
    ),
  ),
  ...(['any', 'no_stream', 2n] as const).map((expectedRevision) =>
    ruleGiven(
      'delete.again',
      `a deleted stream can be deleted again with ${expectedRevision}`,
      deleted,
      async ({ client, expect }, { stream, answer }) => {
        const again = await client.deleteStream(stream, { expectedRevision });
        expect(positionOf(again).commit).toBeGreaterThan(positionOf(answer).commit);
        expect(await failure(read(client.readStream(stream)))).toMatchObject({
          type: 'stream-not-found',
        });
      },
    ),
  ),
  ...wrong.map(([id, method, expectedRevision]) =>
    ruleGiven(
      id,
      `${method} of two events at ${expectedRevision} is a wrong version`,
      async ({ client }) => {
        const stream = newStream();
        await client.appendToStream(stream, several(2));
        return stream;
      },
      async ({ client, expect }, stream) => {
        expect(await failure(client[method](stream, { expectedRevision }))).toMatchObject({
          type: 'wrong-expected-version',
          streamName: stream,
          expectedVersion: expectedRevision === 'no_stream' ? -1n : expectedRevision,
          actualVersion: 1n,
        });
        expect(await read(client.readStream(stream))).toHaveLength(2);
      },
    ),
  ),
  ruleGiven(
    'delete.expected',
    'a deleted stream is not at another revision',
    deleted,
    async ({ client, expect }, { stream }) => {
      expect(await failure(client.deleteStream(stream, { expectedRevision: 1n }))).toMatchObject({
        type: 'wrong-expected-version',
        actualVersion: 2n,
      });
    },
  ),
  ruleGiven(
    'delete.stream-exists',
    'for stream_exists it is deleted',
    deleted,
    async ({ client, expect }, { stream }) => {
      for (const options of [{}, CLASSIC]) {
        const wishes = { expectedRevision: 'stream_exists', ...options } as const;
        expect(await failure(client.appendToStream(stream, happened(), wishes))).toMatchObject({
          type: 'stream-deleted',
          streamName: stream,
        });
      }
    },
  ),
  ...(['any', 'no_stream', 2n] as const).map((expectedRevision) =>
    ruleGiven(
      ['recreate.any-expected', 'recreate.numbers'],
      `it goes on with its next number, written with ${expectedRevision}`,
      deleted,
      async ({ client, expect }, { stream }) => {
        const again = await client.appendToStream(stream, several(2, 3), { expectedRevision });
        expect(again.nextExpectedRevision).toBe(4n);
        const events = await read(client.readStream(stream));
        expect(revisions(events)).toEqual(range(3, 4));
        expect(events.at(-1)?.event?.position).toEqual(again.position);
      },
    ),
  ),
  ruleGiven(
    'recreate.numbers',
    'what was written after the deletion is all there is',
    async (before) => {
      const { stream } = await deleted(before);
      await before.client.appendToStream(stream, several(2, 3));
      return stream;
    },
    async ({ client, expect }, stream) => {
      const newest = { direction: 'backwards', fromRevision: END } as const;
      expect(revisions(await read(client.readStream(stream, newest)))).toEqual(range(4, 3));
    },
  ),
  ruleGiven(
    'recreate.metadata',
    'a stream that begins again keeps the other keys of its metadata',
    async (before) => {
      const { stream } = await deleted(before);
      const text = `{"mine":9007199254740992,"$tb":${LARGEST}}`;
      // Written to the metastream of a deleted stream it would bring it back; so before it is one.
      const other = newStream();
      await before.client.appendToStream(other, several(3));
      await before.client.appendToStream(`$$${other}`, rawMetadata(text));
      await before.client.appendToStream(stream, happened(3));
      await before.client.appendToStream(other, happened(3));
      return { stream, other };
    },
    async ({ client, expect }, { stream, other }) => {
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({ truncateBefore: 3 });
      const [kept] = await read(client.readStream(`$$${other}`));
      expect(kept?.event?.data).toEqual({ mine: 9_007_199_254_740_992, $tb: 3 });
      expect(revisions(await read(client.readStream(other)))).toEqual([3n]);
    },
  ),
  ruleGiven(
    ['recreate.by-metadata', 'recreate.metadata'],
    'setting metadata brings it back, empty, with its keys',
    async (before) => {
      const { stream } = await deleted(before);
      await before.client.setStreamMetadata(stream, { mine: 'x', maxCount: 5 });
      return stream;
    },
    async ({ client, expect }, stream) => {
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({
        mine: 'x',
        maxCount: 5,
        truncateBefore: 3,
      });
      expect(await read(client.readStream(stream))).toEqual([]);
      const answer = await client.appendToStream(stream, happened(3), {
        expectedRevision: 'stream_exists',
      });
      expect(answer.nextExpectedRevision).toBe(3n);
      expect(revisions(await read(client.readStream(stream)))).toEqual([3n]);
    },
  ),
  ...refused.map(([what, attempt]) =>
    ruleGiven(
      'tombstone.final',
      `a tombstoned stream cannot be ${what}`,
      tombstoned,
      async ({ client, expect }, { stream }) => {
        expect(await failure(attempt(client, stream))).toMatchObject({
          type: 'stream-deleted',
          streamName: stream,
        });
      },
    ),
  ),
  ...metadataRefused.map(([what, attempt]) =>
    ruleGiven(
      'tombstone.metadata',
      `its metadata cannot be ${what}`,
      tombstoned,
      async ({ client, expect }, { stream }) => {
        expect(await failure(attempt(client, stream))).toMatchObject({ type: 'stream-deleted' });
      },
    ),
  ),
  ...(['any', 'no_stream'] as const).map((expectedRevision) =>
    ruleGiven(
      'tombstone.unborn',
      `a stream can be tombstoned before it begins, with ${expectedRevision}`,
      async ({ client }) => {
        const stream = newStream();
        await client.tombstoneStream(stream, { expectedRevision });
        return stream;
      },
      async ({ client, expect }, stream) => {
        expect(await failure(client.appendToStream(stream, happened()))).toMatchObject({
          type: 'stream-deleted',
        });
      },
    ),
  ),
  rule('tombstone.expected', 'not with a number', async ({ client, expect }) => {
    const tombstoning = client.tombstoneStream(newStream(), { expectedRevision: 0n });
    expect(await failure(tombstoning)).toMatchObject({
      type: 'wrong-expected-version',
      actualVersion: -1n,
    });
  }),
  ...(['any', 'no_stream', 2n] as const).map((expectedRevision) =>
    ruleGiven(
      'tombstone.deleted',
      `a deleted stream can be tombstoned with ${expectedRevision}`,
      deleted,
      async ({ client, expect }, { stream, answer }) => {
        const position = positionOf(await client.tombstoneStream(stream, { expectedRevision }));
        expect(position.commit).toBeGreaterThan(positionOf(answer).commit);
        expect(await failure(read(client.readStream(stream)))).toMatchObject({
          type: 'stream-deleted',
        });
      },
    ),
  ),
];
