import {
  END,
  type EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  type Filter,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { type Before, type Context, rule, ruleGiven } from '../case.ts';
import {
  happened,
  here,
  increasing,
  newStream,
  numbers,
  ofStream,
  positionOf,
  range,
  revisions,
  several,
} from '../kit.ts';
import type { RuleId } from '../rules.ts';

const filters: readonly (readonly [RuleId, string, (own: string) => Filter])[] = [
  ['filter.stream-prefix', 'one prefix', (own) => streamNameFilter({ prefixes: [`${own}-a`] })],
  [
    'filter.stream-prefix',
    'one of three',
    (own) => streamNameFilter({ prefixes: ['nothing-', `${own}-a`, '#'] }),
  ],
  [
    'filter.stream-regex',
    'a part of the name',
    (own) => streamNameFilter({ regex: `${own.slice(4)}-a` }),
  ],
  [
    'filter.stream-regex',
    'anchors and a choice',
    (own) => streamNameFilter({ regex: `^(nothing|${own})-a$` }),
  ],
  ['filter.type-prefix', 'one prefix', (own) => eventTypeFilter({ prefixes: [`${own}:want`] })],
  [
    'filter.type-prefix',
    'one of two',
    (own) => eventTypeFilter({ prefixes: ['never', `${own}:wanted`] }),
  ],
  [
    'filter.type-regex',
    'a part of the type',
    (own) => eventTypeFilter({ regex: `${own.slice(3)}:w.nted` }),
  ],
  [
    'filter.type-regex',
    'a class and a repeat',
    (own) => eventTypeFilter({ regex: `^${own}:[v-x]an\\w{3}$` }),
  ],
];

const writeTo = async (client: EventStoreDBClient, own: string, n: number): Promise<void> => {
  await client.appendToStream(`${own}-a`, { ...happened(n), type: `${own}:wanted` });
  await client.appendToStream(`${own}-b`, { ...happened(n), type: `${own}:other` });
};

const three = async ({ client }: Before) => {
  const stream = newStream();
  const before = await here(client);
  const first = positionOf(await client.appendToStream(stream, happened(0)));
  const last = positionOf(await client.appendToStream(stream, several(2, 1)));
  return { stream, before, first, last };
};

/** A filtered subscription and the positions it has said. */
const searching = (
  { client, follow }: Context,
  wishes: { prefix: string; window: number; interval: number; from: Position },
) => {
  const reached: Position[] = [];
  const filter = streamNameFilter({
    prefixes: [wishes.prefix],
    maxSearchWindow: wishes.window,
    checkpointInterval: wishes.interval,
    checkpointReached: (_subscription, position) => {
      reached.push(position);
    },
  });
  const subscription = client.subscribeToAll({ filter, fromPosition: wishes.from });
  return { reached, following: follow(subscription) };
};

export const subscribeAll = [
  ruleGiven(
    ['follow-all.start', 'follow-all.order'],
    'from the start: everything in order, then what comes',
    three,
    async ({ client, expect, follow }, { stream }) => {
      const following = follow(client.subscribeToAll({ fromPosition: START }));
      await following.until((one) => one.caughtUp() > 0);
      expect(revisions(ofStream(following.events, stream))).toEqual(range(0, 2));
      await client.appendToStream(stream, several(2, 3));
      await following.until((one) => ofStream(one.events, stream).length === 5);
      expect(numbers(ofStream(following.events, stream))).toEqual([0, 1, 2, 3, 4]);
      expect(increasing(following.events.map((one) => one.commitPosition))).toBe(true);
    },
  ),
  ruleGiven(
    'follow-all.start',
    'after a position: neither it nor what was before',
    three,
    async ({ client, expect, follow }, { stream, before, first, last }) => {
      for (const [fromPosition, expected] of [
        [before, range(0, 3)],
        [first, range(1, 3)],
        [last, [3n]],
      ] as const) {
        const following = follow(client.subscribeToAll({ fromPosition }));
        await client.appendToStream(stream, happened(3), { expectedRevision: 2n }).catch(() => 0);
        await following.until((one) => ofStream(one.events, stream).at(-1)?.event?.revision === 3n);
        expect(revisions(ofStream(following.events, stream))).toEqual(expected);
      }
    },
  ),
  rule('follow-all.start', 'from the end: only what comes', async ({ client, expect, follow }) => {
    const stream = newStream();
    await client.appendToStream(stream, several(3));
    const following = follow(client.subscribeToAll({ fromPosition: END }));
    await following.until((one) => one.caughtUp() > 0);
    await client.appendToStream(stream, happened(3));
    await following.until((one) => ofStream(one.events, stream).length > 0);
    expect(revisions(ofStream(following.events, stream))).toEqual([3n]);
  }),
  ...filters.map(([id, what, filterFor]) =>
    ruleGiven(
      id,
      `${id.includes('stream') ? 'stream names' : 'types'} by ${what}, behind and live`,
      async ({ client }) => {
        const own = newStream('filter');
        const fromPosition = await here(client);
        await writeTo(client, own, 0);
        return { own, fromPosition };
      },
      async ({ client, expect, follow }, { own, fromPosition }) => {
        const filter = filterFor(own);
        const following = follow(client.subscribeToAll({ fromPosition, filter }));
        await following.until((one) => one.caughtUp() > 0);
        await writeTo(client, own, 1);
        await writeTo(client, own, 2);
        await following.until((one) => one.events.length >= 3);
        expect(numbers(following.events)).toEqual([0, 1, 2]);
        expect(ofStream(following.events, `${own}-a`)).toHaveLength(3);
      },
    ),
  ),
  ruleGiven(
    'filter.system',
    'without system events',
    async ({ client }) => {
      const stream = newStream();
      const fromPosition = await here(client);
      await client.setStreamMetadata(stream, { maxCount: 10 });
      await client.appendToStream(stream, happened());
      return { stream, fromPosition };
    },
    async ({ client, expect, follow }, { stream, fromPosition }) => {
      const filter = excludeSystemEvents();
      const following = follow(client.subscribeToAll({ fromPosition, filter }));
      await following.until((one) => ofStream(one.events, stream).length === 1);
      expect(following.events.filter((one) => one.event?.type.startsWith('$'))).toEqual([]);
    },
  ),
  ruleGiven(
    ['checkpoint.catch-up', 'checkpoint.order', 'checkpoint.caught-up'],
    'behind: a position after each 64 events, and one when caught up',
    async ({ client }) => {
      const before = await here(client);
      const answer = await client.appendToStream(newStream(), several(300));
      return { before, last: positionOf(answer) };
    },
    async (context, { before, last }) => {
      const { expect } = context;
      const wishes = { prefix: newStream('never'), window: 32, interval: 2, from: before };
      const { reached, following } = searching(context, wishes);
      await following.until((one) => one.caughtUp() > 0);
      expect(reached.length).toBeGreaterThanOrEqual(4);
      expect(reached.at(-1)?.commit).toBeGreaterThanOrEqual(last.commit);
      expect(increasing(reached.map((position) => position.commit))).toBe(true);
      for (const { commit, prepare } of reached) expect(commit).toBe(prepare);
      expect(following.events).toEqual([]);
    },
  ),
  rule(
    ['checkpoint.live', 'checkpoint.order'],
    'live: a position now and then, although nothing matches',
    async (context) => {
      const { client, expect } = context;
      const stream = newStream();
      const from = await here(client);
      const wishes = { prefix: newStream('never'), window: 4, interval: 2, from };
      const { reached, following } = searching(context, wishes);
      await following.until((one) => one.caughtUp() > 0);
      const before = positionOf(await client.appendToStream(stream, several(100)));
      const enough = () => (reached.at(-1)?.commit ?? 0n) > before.commit;
      await client.appendToStream(stream, several(16));
      await expect.poll(enough).toBe(true);
      expect(increasing(reached.map((position) => position.commit))).toBe(true);
      expect(following.events).toEqual([]);
    },
  ),
  rule('checkpoint.live', 'live: also when everything matches', async (context) => {
    const { client, expect } = context;
    const stream = newStream('all-of-it');
    const wishes = { prefix: stream, window: 1, interval: 5, from: await here(client) };
    const { reached, following } = searching(context, wishes);
    await following.until((one) => one.caughtUp() > 0);
    const first = positionOf(await client.appendToStream(stream, happened()));
    await client.appendToStream(stream, several(25));
    await following.until((one) => one.events.length >= 26);
    const live = () => reached.filter((at) => at.commit > first.commit).length;
    await expect.poll(live).toBeGreaterThan(3);
  }),
  rule(
    ['checkpoint.resume', 'checkpoint.order'],
    'from a checkpoint nothing is missed and nothing repeated',
    async (context) => {
      const { client, expect } = context;
      const own = newStream('resume');
      const from = await here(client);
      await client.appendToStream(own, several(3));
      const first = searching(context, { prefix: own, window: 1, interval: 1, from });
      await first.following.until((one) => one.caughtUp() > 0 && one.events.length >= 3);
      const place = first.reached.at(-1);
      if (place === undefined) throw new Error('no checkpoint');
      // After each event, and when caught up: the last of these is the same place, and said once.
      expect(increasing(first.reached.map((position) => position.commit))).toBe(true);
      await client.appendToStream(own, several(3, 3));
      const wishes = { prefix: own, window: 32, interval: 1, from: place };
      const second = searching(context, wishes);
      await second.following.until((one) => one.events.length >= 3);
      expect(revisions(second.following.events)).toEqual(range(3, 5));
    },
  ),
  rule(
    'follow.slow',
    'a subscriber to $all that pauses misses nothing',
    async ({ client, expect, follow }) => {
      const stream = newStream('slow');
      const filter = streamNameFilter({ prefixes: [stream] });
      const slow = client.subscribeToAll({ filter, fromPosition: await here(client) });
      const paused = follow(slow);
      await paused.until((one) => one.caughtUp() > 0);
      slow.pause();
      const large = 'x'.repeat(1_000);
      for (let n = 0; n < 2_000; n += 250) {
        const events = several(250, n).map((event) => ({
          ...event,
          data: { ...event.data, large },
        }));
        await client.appendToStream(stream, events);
      }
      expect(paused.events.length).toBeLessThan(2_000);
      slow.resume();
      await paused.until((one) => one.events.length >= 2_000);
      expect(revisions(paused.events)).toEqual(range(0, 1_999));
    },
  ),
];
