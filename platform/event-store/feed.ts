import type { AllStreamSubscription, Position } from '@eventstore/db-client';
import { type RawEvent, rawEventOf } from './codec.ts';

/** What a subscription delivers, in order. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: RawEvent }
  /** Nothing of ours up to here. */
  | { readonly kind: 'checkpoint'; readonly position: bigint }
  | { readonly kind: 'caught-up' };

/**
 * A catch-up subscription that is pulled: `take` gives what has arrived (at least one item, at most
 * `max`), so that a slow consumer gets large batches and a fast one small ones. Every end of the
 * subscription is an error here: somebody has to open another.
 */
export type Feed = {
  /** Resolves when there is something to take; rejects once it ended and everything was taken. */
  take(max: number): Promise<FeedItem[]>;
  /** Ends the subscription; what was not taken is dropped. */
  close(): void;
};

/** A feed with a subscription of its own, which says how many items it could give at once. */
export type OwnFeed = Feed & { waiting(): number };

/** Above this many waiting items the subscription is paused, below a quarter of it resumed. */
const HIGH_WATER = 4000;
/** Before any match 24.6 servers may send 2^64 - 1 as a checkpoint: not a position. */
const NO_POSITION = 2n ** 63n;

export function createFeed(
  subscribe: (
    checkpointReached: (subscription: AllStreamSubscription, position: Position) => void,
  ) => AllStreamSubscription,
  /** Called once, when it ends. */
  onEnd: () => void = () => undefined,
): OwnFeed {
  let queue: FeedItem[] = [];
  let wake: (() => void) | undefined;
  let ended: Error | undefined;
  let paused = false;

  const arrived = (): void => {
    wake?.();
    wake = undefined;
  };

  // Checkpoints and "caught up" come as callbacks ahead of events that still wait in the stream's
  // buffer. Pushed into the stream itself they keep their place in the order.
  const subscription = subscribe((self, position) => {
    if (position.commit < NO_POSITION) {
      self.push({ kind: 'checkpoint', position: position.commit } satisfies FeedItem);
    }
  });
  const end = (error: Error): void => {
    if (ended === undefined) onEnd();
    ended ??= error;
    arrived();
  };

  subscription.on('caughtUp', () => {
    subscription.push({ kind: 'caught-up' } satisfies FeedItem);
  });
  subscription.on('data', (item: FeedItem | Parameters<typeof rawEventOf>[0]) => {
    if ('kind' in item) {
      queue.push(item);
    } else {
      const event = rawEventOf(item);
      if (event !== null) queue.push({ kind: 'event', event });
    }
    if (!paused && queue.length > HIGH_WATER) {
      paused = true;
      subscription.pause();
    }
    arrived();
  });
  subscription.on('error', (error: Error) => end(error));
  subscription.on('end', () => end(new Error('the subscription ended')));
  subscription.on('close', () => end(new Error('the subscription was closed')));

  return {
    waiting: () => queue.length,
    take: async (max) => {
      while (queue.length === 0) {
        if (ended !== undefined) throw ended;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const items = queue.slice(0, max);
      queue = queue.slice(max);
      if (paused && queue.length < HIGH_WATER / 4) {
        paused = false;
        subscription.resume();
      }
      return items;
    },
    close: () => {
      end(new Error('the feed was closed'));
      queue = [];
      subscription.unsubscribe().catch(() => {
        // The connection is gone already, which is what was asked for.
      });
    },
  };
}
