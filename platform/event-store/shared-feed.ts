import type { Feed, FeedItem, OwnFeed } from './feed.ts';

/** So much is taken at a time, and who is further behind than that takes a subscription of its own again. */
const MOST_KEPT = 1000;

/** A subscription at the head of the log that several feeds take from, each from its own place. */
type Tail = {
  readonly source: OwnFeed;
  /** What somebody has not taken yet. */
  items: FeedItem[];
  /** How many items were dropped before them. */
  first: number;
  /** Everything up to this position was dropped, or delivered before. */
  dropped: bigint;
  readonly readers: Set<Reader>;
  taking: boolean;
  ended: Error | undefined;
};

/** Who takes from a tail. `at` counts items from the tail's beginning. */
type Reader = { at: number; wake: () => void };

/** Where a feed takes from a tail; it had everything up to `after` before. */
type Place = { readonly tail: Tail; readonly reader: Reader; readonly after: bigint };

const BEFORE_ALL = -1n;

const tailOf = (source: OwnFeed, dropped: bigint): Tail => ({
  ...{ source, dropped, items: [], first: 0, readers: new Set(), taking: false },
  ended: undefined,
});

const positionOf = (item: FeedItem): bigint | null => {
  if (item.kind === 'event') return item.event.position;
  return item.kind === 'checkpoint' ? item.position : null;
};

/** What waits behind what others have taken is taken along: batches are not cut by others' pace. */
const wantsMore = ({ source }: Tail, lacks: number, most: number): boolean =>
  lacks === 0 || (lacks < most && source.waiting() > 0);

/**
 * Feeds that share one subscription while they are at the head: projections, sagas and the relay of a
 * process would each have every event sent, parsed and decoded for itself. Each begins with a
 * subscription of its own. The first that has caught up shares it, those that come after go over to
 * it once they are where it is, and who falls behind takes one of its own again.
 *
 * `onShared` is told of events that several will decode.
 */
export function shareFeeds(
  open: (from: bigint | null) => OwnFeed,
  onShared: (items: readonly FeedItem[]) => unknown = () => undefined,
  mostKept: number = MOST_KEPT,
): (from: bigint | null) => Feed {
  let current: Tail | undefined;

  const leave = (tail: Tail, reader: Reader): void => {
    if (!tail.readers.delete(reader)) return;
    if (tail.readers.size > 0) trim(tail);
    else end(tail);
  };

  /** Nobody takes from it any more. */
  const end = (tail: Tail): void => {
    if (current === tail) current = undefined;
    tail.source.close();
  };

  /** Drops what everybody has, and in any case what is too much. Who lacked that has to leave. */
  const trim = (tail: Tail): void => {
    const last = tail.first + tail.items.length;
    const needed = [...tail.readers].reduce((least, { at }) => Math.min(least, at), last);
    const until = Math.max(needed, last - 2 * mostKept);
    if (until === tail.first) return;
    const gone = tail.items.slice(0, until - tail.first);
    tail.dropped = gone.reduce((most, item) => positionOf(item) ?? most, tail.dropped);
    tail.items = tail.items.slice(gone.length);
    tail.first = until;
    for (const reader of [...tail.readers].filter(({ at }) => at < until)) {
      tail.readers.delete(reader);
      reader.wake();
    }
    // Whoever was foremost has left, and all others lacked too much.
    if (tail.readers.size === 0) end(tail);
  };

  const wakeAll = (tail: Tail): void => {
    for (const { wake } of [...tail.readers]) wake();
  };

  /** Takes from the subscription; only once somebody has everything that was taken before. */
  const advance = async (tail: Tail): Promise<void> => {
    if (tail.taking) return;
    tail.taking = true;
    try {
      const items = await tail.source.take(mostKept);
      if (tail.readers.size > 1) onShared(items);
      tail.items.push(...items);
      trim(tail);
    } catch (error) {
      tail.ended = error instanceof Error ? error : new Error(String(error));
      if (current === tail) current = undefined;
    } finally {
      tail.taking = false;
      wakeAll(tail);
    }
  };

  const advanced = (tail: Tail, reader: Reader): Promise<void> =>
    new Promise((resolve) => {
      reader.wake = resolve;
      void advance(tail);
    });

  return (from) => {
    let position = from ?? BEFORE_ALL;
    let own: OwnFeed | undefined = open(from);
    let shared: Place | undefined;
    let caughtUp = false;
    let closed = false;

    const taken = (items: FeedItem[]): FeedItem[] => {
      for (const item of items) position = positionOf(item) ?? position;
      caughtUp ||= items.some(({ kind }) => kind === 'caught-up');
      return items;
    };

    /** At the head: shares its own subscription, or goes over to the one that is shared. */
    const share = (mine: OwnFeed): void => {
      current ??= tailOf(mine, position);
      const tail = current;
      if (tail.dropped > position) return;
      const reader: Reader = { at: tail.first, wake: () => undefined };
      tail.readers.add(reader);
      // Some of what is there this feed has had from its own.
      shared = { tail, reader, after: position };
      own = undefined;
      if (tail.source !== mine) mine.close();
    };

    const takeOwn = async (mine: OwnFeed, max: number): Promise<FeedItem[]> => {
      const items = taken(await mine.take(max));
      if (!closed && caughtUp && mine.waiting() === 0) share(mine);
      return items;
    };

    const onItsOwnAgain = (): FeedItem[] => {
      shared = undefined;
      own = open(position === BEFORE_ALL ? null : position);
      return [];
    };

    /** Empty: there is nothing for this feed yet, or it has to go on by itself. */
    const takeShared = async ({ tail, reader, after }: Place, max: number): Promise<FeedItem[]> => {
      if (!tail.readers.has(reader)) return onItsOwnAgain();
      const from = reader.at - tail.first;
      const lacks = tail.items.length - from;
      if (tail.ended === undefined && wantsMore(tail, lacks, Math.min(max, mostKept))) {
        await advanced(tail, reader);
        return [];
      }
      if (lacks === 0 && tail.ended !== undefined) throw tail.ended;
      const items = tail.items.slice(from, from + max);
      reader.at += items.length;
      trim(tail);
      return taken(items.filter((item) => (positionOf(item) ?? after) > after));
    };

    const takeOnce = (max: number): Promise<FeedItem[]> => {
      if (own !== undefined) return takeOwn(own, max);
      return shared === undefined ? Promise.resolve(onItsOwnAgain()) : takeShared(shared, max);
    };

    return {
      take: async (max) => {
        for (;;) {
          if (closed) throw new Error('the feed was closed');
          const items = await takeOnce(max);
          if (items.length > 0) return items;
        }
      },
      close: () => {
        closed = true;
        own?.close();
        if (shared === undefined) return;
        shared.reader.wake();
        leave(shared.tail, shared.reader);
      },
    };
  };
}
