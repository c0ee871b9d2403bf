import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RawEvent } from './codec.ts';
import type { Feed, FeedItem, OwnFeed } from './feed.ts';
import { shareFeeds } from './shared-feed.ts';

const event = (position: bigint): FeedItem => ({
  kind: 'event',
  event: {
    ...{ id: `${position}`, stream: `s-${position}`, revision: 0, position, type: 'Happened' },
    ...{ created: new Date(0), data: {}, metadata: {} },
  },
});

type Subscription = { arrive: () => void; end: (error: Error) => void };

/** A log, and what subscribes to it: every subscription is counted, and can be late, or cut. */
function memoryLog() {
  const positions: bigint[] = [];
  const subscriptions = new Set<Subscription>();
  let opened = 0;
  const open = (from: bigint | null): OwnFeed => {
    opened += 1;
    let next = positions.filter((position) => position <= (from ?? -1n)).length;
    let arrived = positions.length;
    let toldCaughtUp = false;
    let ended: Error | undefined;
    let wake = (): void => undefined;
    const subscription: Subscription = {
      arrive: () => {
        arrived = positions.length;
        wake();
      },
      end: (error: Error) => {
        ended ??= error;
        subscriptions.delete(subscription);
        wake();
      },
    };
    subscriptions.add(subscription);
    const arrivedSince = (max: number): FeedItem[] => {
      const items = positions.slice(next, Math.min(arrived, next + max)).map(event);
      next += items.length;
      if (!toldCaughtUp && next === arrived) {
        toldCaughtUp = true;
        items.push({ kind: 'caught-up' });
      }
      return items;
    };
    return {
      waiting: () => arrived - next,
      take: async (max) => {
        for (;;) {
          const items = arrivedSince(max);
          if (items.length > 0) return items;
          if (ended !== undefined) throw ended;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
      close: () => subscription.end(new Error('closed')),
    };
  };
  return {
    open,
    opened: () => opened,
    running: () => subscriptions.size,
    write: (count: number): void => {
      for (let n = 0; n < count; n += 1) positions.push(BigInt(positions.length + 1) * 10n);
    },
    /** What was written comes to one of them, and to the others later. */
    arriveAt: (which: number): void => [...subscriptions][which % subscriptions.size]?.arrive(),
    append(count = 1): void {
      this.write(count);
      for (const { arrive } of [...subscriptions]) arrive();
    },
    cut: (): void => {
      for (const { end } of [...subscriptions]) end(new Error('cut'));
    },
    all: () => positions,
  };
}

const positionsOf = (items: readonly FeedItem[]): bigint[] =>
  items.flatMap((item) => (item.kind === 'event' ? [item.event.position] : []));

const untilCaughtUp = async (feed: Feed): Promise<bigint[]> => {
  const seen: bigint[] = [];
  for (;;) {
    const items = await feed.take(100);
    seen.push(...positionsOf(items));
    if (items.some(({ kind }) => kind === 'caught-up')) return seen;
  }
};

it('consumers at the head take every event from one subscription, each as the same object', async () => {
  const log = memoryLog();
  const shared: FeedItem[] = [];
  const open = shareFeeds(log.open, (items) => shared.push(...items));
  log.append(3);
  const feeds = [open(null), open(null), open(10n)];
  for (const feed of feeds) await untilCaughtUp(feed);
  expect(log.running()).toBe(1);
  const taking = feeds.map((feed) => feed.take(100));
  log.append(2);
  const [first, ...others] = (await Promise.all(taking)).map((items) =>
    items.flatMap((item): RawEvent[] => (item.kind === 'event' ? [item.event] : [])),
  );
  expect(first?.map(({ position }) => position)).toEqual([40n, 50n]);
  for (const other of others) {
    expect(other).toHaveLength(2);
    for (const [at, raw] of other.entries()) expect(raw).toBe(first?.[at]);
  }
  expect(positionsOf(shared)).toEqual([40n, 50n]);
  for (const feed of feeds) feed.close();
  expect(log.running()).toBe(0);
});

it('who falls behind has a subscription of its own again, misses nothing and holds nobody up', async () => {
  const log = memoryLog();
  const open = shareFeeds(log.open, undefined, 4);
  const [quick, slow] = [open(null), open(null)];
  await untilCaughtUp(quick);
  await untilCaughtUp(slow);
  expect(log.running()).toBe(1);
  const seen: bigint[] = [];
  for (let n = 0; n < 10; n += 1) {
    log.append(3);
    seen.push(...positionsOf(await quick.take(100)));
  }
  expect(seen).toEqual(log.all());
  expect(await untilCaughtUp(slow)).toEqual(log.all());
  log.append();
  expect(positionsOf(await slow.take(100))).toEqual(log.all().slice(-1));
  // It is where the other is again.
  expect(log.running()).toBe(1);
  quick.close();
  log.append();
  expect(positionsOf(await slow.take(100))).toEqual(log.all().slice(-1));
  slow.close();
  expect(log.running()).toBe(0);
});

it('an end of the subscription is told to everybody, and the next ones have another', async () => {
  const log = memoryLog();
  const open = shareFeeds(log.open);
  const feeds = [open(null), open(null)];
  for (const feed of feeds) await untilCaughtUp(feed);
  const taking = feeds.map((feed) => feed.take(1).catch((error: Error) => error.message));
  log.cut();
  expect(await Promise.all(taking)).toEqual(['cut', 'cut']);
  for (const feed of feeds) feed.close();
  log.append();
  const again = open(null);
  expect(await untilCaughtUp(again)).toEqual([10n]);
  again.close();
  expect(log.running()).toBe(0);
});

it('a feed that is closed while it waits ends, and the others go on', async () => {
  const log = memoryLog();
  const open = shareFeeds(log.open);
  const [one, other] = [open(null), open(null)];
  await untilCaughtUp(one);
  await untilCaughtUp(other);
  const [taking, waiting] = [one.take(1), other.take(1)];
  one.close();
  await expect(taking).rejects.toThrow('closed');
  log.append();
  expect(positionsOf(await waiting)).toEqual([10n]);
  other.close();
  expect(log.running()).toBe(0);
});

it('a subscription is ended when its last taker is too far behind it', async () => {
  const log = memoryLog();
  const open = shareFeeds(log.open, undefined, 4);
  const [quick, slow] = [open(null), open(null)];
  await untilCaughtUp(quick);
  await untilCaughtUp(slow);
  for (let n = 0; n < 2; n += 1) {
    log.append(4);
    await quick.take(100);
  }
  const waiting = quick.take(100);
  quick.close();
  await expect(waiting).rejects.toThrow('closed');
  log.append(4);
  // All that is pending in memory is over after a turn of the event loop.
  await new Promise(setImmediate);
  slow.close();
  expect(log.running()).toBe(0);
});

it('whatever is written, taken, closed and cut meanwhile, each sees each event once and in order', async () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('write'), n: fc.integer({ min: 1, max: 7 }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('arrive'), n: fc.nat(3) }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('take'), n: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen'), n: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cut'), n: fc.constant(0) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const log = memoryLog();
      const open = shareFeeds(log.open, undefined, 3);
      const consumers = Array.from({ length: 4 }, () => ({
        feed: open(null),
        seen: [] as bigint[],
        taking: undefined as Promise<void> | undefined,
      }));
      type One = (typeof consumers)[number];
      const reopen = (one: One): void => {
        one.feed.close();
        one.feed = open(one.seen.at(-1) ?? null);
        one.taking = undefined;
      };
      const take = (one: One): void => {
        const { feed } = one;
        one.taking ??= feed.take(2).then(
          (items) => {
            if (one.feed !== feed) return;
            one.seen.push(...positionsOf(items));
            one.taking = undefined;
          },
          () => {
            if (one.feed === feed) reopen(one);
          },
        );
      };
      const doing: Record<string, (n: number) => void> = {
        write: (n) => log.write(n),
        arrive: (n) => log.arriveAt(n),
        take: (n) => take(consumers[n] as One),
        reopen: (n) => reopen(consumers[n] as One),
        cut: () => log.cut(),
      };
      for (const { do: what, n } of steps) {
        doing[what]?.(n);
        for (let turn = 0; turn < 5 * n; turn += 1) await Promise.resolve();
      }
      log.append();
      for (const one of consumers) {
        while (one.seen.at(-1) !== log.all().at(-1)) {
          take(one);
          await one.taking;
        }
        expect(one.seen).toEqual(log.all());
      }
      for (const one of consumers) one.feed.close();
      expect(log.running()).toBe(0);
    }),
    { numRuns: 300 },
  );
});
