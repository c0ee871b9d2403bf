import { END, type EventData, jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import { type Before, ruleGiven } from '../case.ts';
import { happened, newStream, range, rawMetadata, read, revisions, several } from '../kit.ts';
import type { RuleId } from '../rules.ts';

/** A stream of ten events with this metadata, written as it stands. */
const limited =
  (metadata: EventData) =>
  async ({ client }: Before) => {
    const stream = newStream();
    await client.appendToStream(stream, several(10));
    await client.appendToStream(`$$${stream}`, metadata);
    return stream;
  };
const json = (data: Record<string, unknown>): EventData =>
  jsonEvent({ type: '$metadata', data: data as Record<string, string> });

const rows: readonly (readonly [RuleId, Record<string, unknown>, readonly bigint[]])[] = [
  ['limit.max-count', { $maxCount: 4 }, range(6, 9)],
  ['limit.max-count', { $maxCount: 10 }, range(0, 9)],
  ['limit.max-count', { $maxCount: 100 }, range(0, 9)],
  ['limit.truncate-before', { $tb: 7 }, range(7, 9)],
  ['limit.truncate-before', { $tb: 0 }, range(0, 9)],
  ['limit.empty', { $tb: 10 }, []],
  ['limit.empty', { $tb: 1_000 }, []],
  ['limit.both', { $maxCount: 4, $tb: 8 }, range(8, 9)],
  ['limit.both', { $maxCount: 2, $tb: 3 }, range(8, 9)],
  ['limit.max-age', { $maxAge: 10_000 }, range(0, 9)],
  ['limit.ignored', { $maxCount: 0 }, range(0, 9)],
  ['limit.ignored', { $maxCount: -3 }, range(0, 9)],
  ['limit.ignored', { $maxAge: 0 }, range(0, 9)],
  ['limit.ignored', { $maxAge: -1 }, range(0, 9)],
  ['limit.ignored', { $tb: -5 }, range(0, 9)],
  ['limit.ignored', { $maxCount: 0, $tb: 9 }, [9n]],
  ['limit.malformed', { $maxCount: 'two', $tb: 9 }, range(0, 9)],
  ['limit.malformed', { $maxCount: 2.5 }, range(0, 9)],
  ['limit.malformed', { $maxCount: 2, $maxAge: 'x' }, range(0, 9)],
  ['limit.malformed', { $tb: null, $maxCount: 2 }, range(0, 9)],
  ['limit.malformed', { $cacheControl: {}, $maxCount: 2 }, range(0, 9)],
  ['limit.malformed', { $acl: 7, $maxCount: 2 }, range(0, 9)],
  ['limit.malformed', { $acl: { $r: 7 }, $maxCount: 2 }, range(0, 9)],
  ['limit.max-count', { $acl: { $r: ['$all'], $w: '$all' }, $maxCount: 2, mine: 'x' }, range(8, 9)],
];
const texts = ['{"$maxCount":2', '[{"$maxCount":2}]', '"$maxCount"', '', '{"$maxCount":2}}'];

export const limits = [
  ...rows.map(([id, metadata, visible]) =>
    ruleGiven(
      id,
      `${JSON.stringify(metadata)} of ten events`,
      limited(json(metadata)),
      async ({ client, expect }, stream) => {
        expect(revisions(await read(client.readStream(stream)))).toEqual(visible);
        const newest = { direction: 'backwards', fromRevision: END } as const;
        expect(revisions(await read(client.readStream(stream, newest)))).toEqual(
          visible.toReversed(),
        );
      },
    ),
  ),
  ...texts.map((text) =>
    ruleGiven(
      'limit.malformed',
      `metadata that is no JSON object: ${text || 'nothing'}`,
      limited(rawMetadata(text)),
      async ({ client, expect }, stream) => {
        expect(await read(client.readStream(stream))).toHaveLength(10);
      },
    ),
  ),
  ruleGiven(
    'limit.large',
    '$tb one below the largest int64 is no deletion',
    limited(rawMetadata('{"$tb":9223372036854775806}')),
    async ({ client, expect }, stream) => {
      expect(await read(client.readStream(stream))).toEqual([]);
      const answer = await client.appendToStream(stream, happened(), { expectedRevision: 9n });
      expect(answer.nextExpectedRevision).toBe(10n);
      expect(await read(client.readStream(stream))).toEqual([]);
    },
  ),
  ruleGiven(
    ['limit.last', 'limit.max-count'],
    'the window moves with the stream, whose numbers go on',
    limited(json({ $maxCount: 3 })),
    async ({ client, expect }, stream) => {
      const answer = await client.appendToStream(stream, several(2), { expectedRevision: 9n });
      expect(answer.nextExpectedRevision).toBe(11n);
      expect(revisions(await read(client.readStream(stream)))).toEqual(range(9, 11));
    },
  ),
  ruleGiven(
    ['limit.last', 'limit.empty'],
    'an empty stream goes on with its next number',
    limited(json({ $tb: 10 })),
    async ({ client, expect }, stream) => {
      const answer = await client.appendToStream(stream, happened(), { expectedRevision: 9n });
      expect(answer.nextExpectedRevision).toBe(10n);
      expect(revisions(await read(client.readStream(stream)))).toEqual([10n]);
    },
  ),
  ruleGiven(
    ['limit.max-count', 'read.from'],
    'reads from hidden numbers begin at the first visible one',
    limited(json({ $maxCount: 3 })),
    async ({ client, expect }, stream) => {
      const found = await read(client.readStream(stream, { fromRevision: 2n, maxCount: 2 }));
      expect(revisions(found)).toEqual(range(7, 8));
      const back = { direction: 'backwards', fromRevision: 4n } as const;
      expect(await read(client.readStream(stream, back))).toEqual([]);
    },
  ),
  ruleGiven(
    'limit.max-age',
    'what is older than a second is hidden, and only that',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, happened(0));
      await client.setStreamMetadata(stream, { maxAge: 1 });
      return stream;
    },
    async ({ client, expect }, stream) => {
      const visible = (): Promise<ResolvedEvent[]> => read(client.readStream(stream));
      await expect.poll(visible, { interval: 50, timeout: 5_000 }).toEqual([]);
      await client.appendToStream(stream, happened(1), { expectedRevision: 0n });
      expect(revisions(await visible())).toEqual([1n]);
    },
  ),
  ...([{ $maxCount: 3 }, { $tb: 7 }] as const).map((metadata) =>
    ruleGiven(
      'limit.subscription',
      `a subscription to ten events with ${JSON.stringify(metadata)} begins where reads do`,
      limited(json(metadata)),
      async ({ client, expect, follow }, stream) => {
        const following = follow(client.subscribeToStream(stream));
        await following.until((one) => one.caughtUp() > 0);
        expect(revisions(following.events)).toEqual(range(7, 9));
        await client.appendToStream(stream, happened());
        await following.until((one) => one.events.length >= 4);
        expect(revisions(following.events)).toEqual(range(7, 10));
      },
    ),
  ),
  ruleGiven(
    'limit.truncate-before',
    'limits that are taken back show everything again',
    limited(json({ $tb: 9 })),
    async ({ client, expect }, stream) => {
      expect(await read(client.readStream(stream))).toHaveLength(1);
      await client.setStreamMetadata(stream, {});
      expect(await read(client.readStream(stream))).toHaveLength(10);
    },
  ),
];
