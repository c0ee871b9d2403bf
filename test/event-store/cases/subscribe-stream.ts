import { END, type ReadRevision, START, streamNameFilter } from '@eventstore/db-client';
import { type Before, rule, ruleGiven } from '../case.ts';
import { happened, here, newStream, numbers, range, revisions, several } from '../kit.ts';

const five = async ({ client }: Before) => {
  const stream = newStream();
  await client.appendToStream(stream, several(5));
  return stream;
};

const starts: readonly (readonly [ReadRevision, readonly bigint[]])[] = [
  [START, range(0, 4)],
  [0n, range(1, 4)],
  [2n, range(3, 4)],
  [4n, []],
  [END, []],
];

export const subscribeStream = [
  ...starts.map(([fromRevision, behind]) =>
    ruleGiven(
      ['follow.start', 'follow.caught-up', 'follow.live'],
      `from ${fromRevision}: what is after it, then caught up, then what comes`,
      five,
      async ({ client, expect, follow }, stream) => {
        const following = follow(client.subscribeToStream(stream, { fromRevision }));
        await following.until((one) => one.caughtUp() > 0);
        expect(revisions(following.events)).toEqual(behind);
        await client.appendToStream(stream, several(3, 5));
        await following.until((one) => one.events.length >= behind.length + 3);
        expect(revisions(following.events)).toEqual([...behind, ...range(5, 7)]);
        expect(following.caughtUp()).toBe(1);
      },
    ),
  ),
  rule('follow.confirmation', 'the subscription has an id', async ({ client, expect, follow }) => {
    const subscription = client.subscribeToStream(newStream());
    const confirmed = new Promise<void>((resolve) => {
      subscription.once('confirmation', resolve);
    });
    follow(subscription);
    await confirmed;
    expect(subscription.id).toMatch(/^[0-9a-f-]{36}$/);
  }),
  ...([START, END, 7n] as const).map((fromRevision) =>
    rule(
      ['follow.missing', 'follow.caught-up'],
      `a stream that does not exist yet, from ${fromRevision}`,
      async ({ client, expect, follow }) => {
        const stream = newStream();
        const following = follow(client.subscribeToStream(stream, { fromRevision }));
        await following.until((one) => one.caughtUp() > 0);
        await client.appendToStream(stream, several(10));
        const first = fromRevision === 7n ? 8 : 0;
        await following.until((one) => one.events.length >= 10 - first);
        expect(revisions(following.events)).toEqual(range(first, 9));
      },
    ),
  ),
  ruleGiven(
    'follow.live',
    'ten subscribers of one stream all get everything',
    five,
    async ({ client, expect, follow }, stream) => {
      const all = Array.from({ length: 10 }, () => follow(client.subscribeToStream(stream)));
      await Promise.all(all.map((one) => one.until(() => one.caughtUp() > 0)));
      await client.appendToStream(stream, several(5, 5));
      for (const one of all) {
        await one.until(() => one.events.length >= 10);
        expect(numbers(one.events)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      }
    },
  ),
  rule(
    ['follow.whole', 'follow-all.order'],
    'subscribing amidst a thousand writes, nothing is missed and nothing comes twice',
    async ({ client, expect, follow }) => {
      const stream = newStream('busy');
      const total = 1_000;
      const fromPosition = await here(client);
      const writing = (async () => {
        for (let n = 0; n < total; n += 10) {
          await Promise.all(several(10, n).map((event) => client.appendToStream(stream, event)));
        }
      })();
      const filter = streamNameFilter({ prefixes: [stream] });
      const followers = [];
      for (let i = 0; i < 4; i++) {
        const of = follow(client.subscribeToStream(stream));
        const ofAll = follow(client.subscribeToAll({ fromPosition, filter }));
        followers.push(of, ofAll);
        await ofAll.until((one) => one.events.length > i * 100);
      }
      await writing;
      for (const one of followers) {
        await one.until(() => one.events.length >= total);
        expect(revisions(one.events)).toEqual(range(0, total - 1));
      }
    },
  ),
  rule(
    'follow.slow',
    'a subscriber that pauses slows nobody and misses nothing',
    async ({ client, expect, follow }) => {
      const stream = newStream('slow');
      const slow = client.subscribeToStream(stream);
      const paused = follow(slow);
      const quick = follow(client.subscribeToStream(stream));
      await Promise.all([paused, quick].map((one) => one.until(() => one.caughtUp() > 0)));
      slow.pause();
      const large = 'x'.repeat(1_000);
      for (let n = 0; n < 2_000; n += 250) {
        const events = several(250, n).map((event) => ({
          ...event,
          data: { ...event.data, large },
        }));
        await client.appendToStream(stream, events);
      }
      await quick.until((one) => one.events.length >= 2_000);
      expect(paused.events.length).toBeLessThan(2_000);
      slow.resume();
      await paused.until((one) => one.events.length >= 2_000);
      expect(revisions(paused.events)).toEqual(range(0, 1_999));
    },
  ),
  rule(
    ['follow.tombstoned', 'tombstone.event'],
    'a tombstone is the last event, then the stream is deleted',
    async ({ client, expect, follow }) => {
      const stream = newStream();
      await client.appendToStream(stream, happened());
      const following = follow(client.subscribeToStream(stream));
      await following.until((one) => one.caughtUp() > 0);
      await client.tombstoneStream(stream);
      await following.until((one) => one.errors.length > 0);
      expect(following.events.map((one) => [one.event?.type, one.event?.revision])).toEqual([
        ['happened', 0n],
        ['$streamDeleted', 9_223_372_036_854_775_807n],
      ]);
      expect(following.errors[0]).toMatchObject({ type: 'stream-deleted', streamName: stream });
    },
  ),
  ...([START, 1n, END] as const).map((fromRevision) =>
    ruleGiven(
      'follow.tombstoned',
      `a stream that was tombstoned cannot be followed from ${fromRevision}`,
      async (before) => {
        const stream = await five(before);
        await before.client.tombstoneStream(stream);
        return stream;
      },
      async ({ client, expect, follow }, stream) => {
        const late = follow(client.subscribeToStream(stream, { fromRevision }));
        await late.until((one) => one.errors.length > 0);
        expect(late.errors[0]).toMatchObject({ type: 'stream-deleted', streamName: stream });
        expect(late.events).toEqual([]);
      },
    ),
  ),
  ruleGiven(
    'follow.soft-deleted',
    'a soft delete is not noticed',
    five,
    async ({ client, expect, follow }, stream) => {
      const following = follow(client.subscribeToStream(stream));
      await following.until((one) => one.caughtUp() > 0);
      await client.deleteStream(stream);
      await client.appendToStream(stream, happened());
      await following.until((one) => one.events.length >= 6);
      expect(revisions(following.events)).toEqual(range(0, 5));
    },
  ),
  ruleGiven(
    'follow.soft-deleted',
    'a stream that was deleted can be followed: nothing, and then what comes',
    async (before) => {
      const stream = await five(before);
      await before.client.deleteStream(stream);
      return stream;
    },
    async ({ client, expect, follow }, stream) => {
      const following = follow(client.subscribeToStream(stream));
      await following.until((one) => one.caughtUp() > 0);
      expect(following.events).toEqual([]);
      await client.appendToStream(stream, happened());
      await following.until((one) => one.events.length >= 1);
      expect(revisions(following.events)).toEqual([5n]);
    },
  ),
  ruleGiven(
    'follow.end',
    'who has left gets nothing more, and no error',
    five,
    async ({ client, expect, follow }, stream) => {
      const subscription = client.subscribeToStream(stream);
      const leaving = follow(subscription);
      const staying = follow(client.subscribeToStream(stream));
      await Promise.all([leaving, staying].map((one) => one.until(() => one.caughtUp() > 0)));
      await subscription.unsubscribe();
      await client.appendToStream(stream, several(5));
      await staying.until((one) => one.events.length >= 10);
      expect(leaving.events).toHaveLength(5);
      expect(leaving.errors).toEqual([]);
    },
  ),
  ruleGiven(
    ['follow.live', 'metadata.stream'],
    'metadata can be followed like any stream',
    async ({ client }) => {
      const stream = newStream();
      await client.setStreamMetadata(stream, { n: 0 });
      await client.setStreamMetadata(stream, { n: 1 });
      return stream;
    },
    async ({ client, expect, follow }, stream) => {
      const following = follow(client.subscribeToStream(`$$${stream}`));
      await following.until((one) => one.caughtUp() > 0);
      await client.setStreamMetadata(stream, { n: 2 });
      await following.until((one) => one.events.length >= 2);
      expect(revisions(following.events)).toEqual(range(1, 2));
    },
  ),
];
