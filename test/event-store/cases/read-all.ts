import { END, type EventStoreDBClient, type Position, START } from '@eventstore/db-client';
import { type Before, rule, ruleGiven } from '../case.ts';
import {
  happened,
  increasing,
  newStream,
  ofStream,
  positionOf,
  type Read,
  range,
  read,
  revisions,
  several,
} from '../kit.ts';

/** A stream of some events, one append each, and where they stand. */
const spread =
  (length: number) =>
  async ({ client }: Before) => {
    const stream = newStream();
    const positions: Position[] = [];
    for (const event of several(length)) {
      positions.push(positionOf(await client.appendToStream(stream, event)));
    }
    const [first] = positions;
    if (first === undefined) throw new Error('a stream of nothing');
    return { stream, positions, first };
  };

/** What of a stream comes from a position on; others write as well. */
const from = async (
  client: EventStoreDBClient,
  stream: string,
  position: Position,
  back = false,
) => {
  const direction = back ? 'backwards' : 'forwards';
  const all = client.readAll({ fromPosition: position, direction, maxCount: 10_000 });
  return revisions(ofStream(await read(all), stream));
};

const hidden = [
  ['checkpoint', (id: string) => `$persistentsubscription-$all::${id}-checkpoint`],
  ['parked', (id: string) => `$persistentsubscription-$all::${id}-parked`],
] as const;

export const readAll = [
  rule('all.not-empty', '$all has a first event', async ({ client, expect }) => {
    const [first] = await read(client.readAll({ maxCount: 1 }));
    expect(first?.event?.position?.commit).toBeGreaterThanOrEqual(0n);
  }),
  rule(
    ['all.system', 'all.not-empty'],
    'what a node writes about itself is visible',
    async ({ client, expect }) => {
      const first = await read(client.readAll({ maxCount: 50 }));
      expect(first.filter((one) => one.event?.type.startsWith('$'))).not.toEqual([]);
    },
  ),
  ruleGiven(
    'all.positions',
    'positions follow the commits over all streams',
    async ({ client }) => {
      const streams = [newStream(), newStream()] as const;
      const positions: bigint[] = [];
      for (let n = 0; n < 8; n++) {
        const stream = streams[n % 2 === 0 ? 0 : 1];
        positions.push(positionOf(await client.appendToStream(stream, happened(n))).commit);
      }
      return { streams, positions };
    },
    async ({ client, expect }, { streams, positions }) => {
      expect(increasing(positions)).toBe(true);
      const [at = 0n] = positions;
      const all = await read(
        client.readAll({ fromPosition: { commit: at, prepare: at }, maxCount: 10_000 }),
      );
      const own = all.filter((one) => streams.some((name) => name === one.event?.streamId));
      expect(own.map((one) => one.commitPosition)).toEqual(positions);
    },
  ),
  ruleGiven(
    'all.forwards',
    'forwards from a position: it and what follows',
    spread(5),
    async ({ client, expect }, { stream, positions }) => {
      for (const [index, position] of positions.entries()) {
        expect(await from(client, stream, position)).toEqual(range(index, 4));
      }
    },
  ),
  ruleGiven(
    'all.backwards',
    'backwards from a position: what was before, newest first',
    spread(5),
    async ({ client, expect }, { stream, positions }) => {
      for (const [index, position] of positions.entries()) {
        const before = index === 0 ? [] : range(index - 1, 0);
        expect(await from(client, stream, position, true)).toEqual(before);
      }
    },
  ),
  ruleGiven(
    'all.count',
    'as many as were asked for',
    spread(3),
    async ({ client, expect }, { stream, first }) => {
      for (const maxCount of [1, 2]) {
        const found = await read(client.readAll({ fromPosition: first, maxCount }));
        expect(found).toHaveLength(maxCount);
        expect(found[0]?.event).toMatchObject({ streamId: stream, revision: 0n });
      }
    },
  ),
  rule(
    'all.ends',
    'nothing before the start, nothing behind the end',
    async ({ client, expect }) => {
      const backwards = { direction: 'backwards', fromPosition: START } as const;
      expect(await read(client.readAll(backwards))).toEqual([]);
      expect(await read(client.readAll({ direction: 'forwards', fromPosition: END }))).toEqual([]);
    },
  ),
  ruleGiven(
    'all.ends',
    'backwards from the end: the newest first',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(3));
      return stream;
    },
    async ({ client, expect }, stream) => {
      const all: Read[] = [];
      for await (const one of client.readAll({ direction: 'backwards', fromPosition: END })) {
        all.push(one);
        if (one.event?.streamId === stream && one.event.revision === 0n) break;
      }
      expect(increasing(all.map((one) => one.commitPosition).toReversed())).toBe(true);
      expect(revisions(ofStream(all, stream))).toEqual(range(2, 0));
    },
  ),
  ruleGiven(
    ['all.ends', 'all.positions'],
    'from the start to the end: everything once, in order',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(1_200));
      return stream;
    },
    async ({ client, expect }, stream) => {
      const all = await read(client.readAll());
      expect(increasing(all.map((one) => one.commitPosition))).toBe(true);
      expect(revisions(ofStream(all, stream))).toEqual(range(0, 1_199));
    },
  ),
  ...hidden.map(([what, name]) =>
    ruleGiven(
      ['all.hidden', 'follow-all.hidden'],
      `the ${what} of a subscription group to $all is hidden there, and readable by its name`,
      async ({ client }) => {
        const stream = name(newStream('group'));
        const before = positionOf(await client.appendToStream(newStream(), happened()));
        await client.appendToStream(stream, several(2));
        const after = newStream();
        await client.appendToStream(after, happened());
        return { stream, before, after };
      },
      async ({ client, expect, follow }, { stream, before, after }) => {
        expect(await from(client, stream, before)).toEqual([]);
        expect(await read(client.readStream(stream))).toHaveLength(2);
        const following = follow(client.subscribeToAll({ fromPosition: before }));
        await following.until((one) => ofStream(one.events, after).length === 1);
        expect(ofStream(following.events, stream)).toEqual([]);
      },
    ),
  ),
  ruleGiven(
    'all.deleted',
    'events of a deleted stream stay',
    async (before) => {
      const found = await spread(2)(before);
      await before.client.deleteStream(found.stream);
      return found;
    },
    async ({ client, expect }, { stream, first }) => {
      expect(await from(client, stream, first)).toEqual(range(0, 1));
      expect(await from(client, `$$${stream}`, first)).toEqual([0n]);
    },
  ),
  ruleGiven(
    ['all.deleted', 'tombstone.event'],
    'events of a tombstoned stream stay, and the tombstone stands behind them',
    async (before) => {
      const found = await spread(2)(before);
      await before.client.tombstoneStream(found.stream);
      return found;
    },
    async ({ client, expect }, { stream, first }) => {
      const all = await read(client.readAll({ fromPosition: first, maxCount: 10_000 }));
      const own = ofStream(all, stream);
      expect(own.map((one) => [one.event?.type, one.event?.revision])).toEqual([
        ['happened', 0n],
        ['happened', 1n],
        ['$streamDeleted', 9_223_372_036_854_775_807n],
      ]);
    },
  ),
  ruleGiven(
    'all.unlimited',
    'the limits of a stream hide nothing of it',
    async (before) => {
      const found = await spread(5)(before);
      await before.client.setStreamMetadata(found.stream, { maxCount: 1, truncateBefore: 4 });
      return found;
    },
    async ({ client, expect }, { stream, first }) => {
      expect(await from(client, stream, first)).toEqual(range(0, 4));
    },
  ),
];
