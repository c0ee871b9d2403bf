import type { EventStore } from '../event-store/index.ts';

/** Where a consumer stands, as far as lag is concerned; position null: before the first event. */
export type Place = { readonly ordinal: number; readonly position: bigint | null };

export type Lag = {
  /** Application events that are not handled yet. */
  readonly events: number;
  /** There are at least so many; counting was ended by its bound. */
  readonly atLeast: boolean;
  /** Age of the oldest of them; 0 when there is none. */
  readonly seconds: number;
};

/** Counting what is behind the foremost consumer ends here: a lag of that size is no matter of one more. */
const MOST = 10_000;
const PATIENCE_MS = 3000;

/**
 * How far consumers are behind the head of the log, looked at from outside, in the order of
 * `places`. Those behind the foremost differ from it by ordinals; only what is behind that is
 * counted in the log.
 */
export async function measureLag(
  eventStore: Pick<EventStore, 'feed'>,
  places: readonly Place[],
  now: () => number = Date.now,
): Promise<readonly Lag[]> {
  const foremost = places.reduce<Place>(
    (front, place) => (place.ordinal > front.ordinal ? place : front),
    { ordinal: 0, position: null },
  );
  const behind = await eventsAfter(eventStore, foremost.position, MOST);
  const oldest = new Map<number, Date | null>([[foremost.ordinal, behind.first]]);
  for (const { ordinal, position } of places) {
    if (oldest.has(ordinal)) continue;
    oldest.set(ordinal, (await eventsAfter(eventStore, position, 1)).first);
  }
  return places.map(({ ordinal }) => {
    const first = oldest.get(ordinal) ?? null;
    return {
      events: foremost.ordinal - ordinal + behind.count,
      atLeast: behind.more,
      seconds: first === null ? 0 : Math.max(0, (now() - first.getTime()) / 1000),
    };
  });
}

async function eventsAfter(
  eventStore: Pick<EventStore, 'feed'>,
  position: bigint | null,
  most: number,
): Promise<{ count: number; first: Date | null; more: boolean }> {
  const feed = eventStore.feed(position);
  let ended = false;
  const timer = setTimeout(() => {
    ended = true;
    feed.close();
  }, PATIENCE_MS);
  let count = 0;
  let first: Date | null = null;
  try {
    while (count < most) {
      const items = await feed.take(500);
      const events = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
      first ??= events[0]?.created ?? null;
      count += events.length;
      if (items.some(({ kind }) => kind === 'caught-up')) return { count, first, more: false };
    }
  } catch (error) {
    // What was counted until then is a lower bound; with nothing counted the store did not answer.
    if (!ended || first === null) throw error;
  } finally {
    clearTimeout(timer);
    feed.close();
  }
  return { count: Math.min(count, most), first, more: true };
}
