import { type RecordedEvent, weightOf } from '../core/model.ts';

/**
 * The newest committed events, in memory, for everybody who reads live.
 *
 * Readers of `$all` pull: they ask for what comes after their position and get it from the window,
 * or nothing when the window has moved past them, and then they read the log like any catch-up.
 * So there is no hand-over that could lose or repeat an event, and a slow reader costs nothing.
 * Readers of one stream are called, since scanning the window for each of them would be waste.
 */
export type Hub = {
  /** position of the newest published event */
  readonly head: bigint;
  /** How many listen, for an advance or to a stream. */
  readonly followers: number;
  publish(events: readonly RecordedEvent[]): void;
  /** Something was committed that was not published: everybody reads the log up to `head`. */
  reset(head: bigint): void;
  /** Events after a position, or undefined when they are no longer in memory. */
  after(position: bigint, limit: number): readonly RecordedEvent[] | undefined;
  /**
   * The events of a stream from `lowest` up to the one at `position`; undefined when they are not all
   * in memory, or more was written meanwhile than is worth looking through.
   */
  tail(stream: string, lowest: bigint, position: bigint): readonly RecordedEvent[] | undefined;
  /** Called first of all with what is published; `undefined` means: anything may have happened. */
  onPublish(listener: (events: readonly RecordedEvent[] | undefined) => void): () => void;
  /** Called at every publish and reset. */
  onAdvance(listener: () => void): () => void;
  /** `undefined` means: events of this stream may have been missed, read the log. */
  onStream(stream: string, listener: (event: RecordedEvent | undefined) => void): () => void;
};

export type HubLimits = { readonly maxEvents: number; readonly maxBytes: number };

/** One in so many of the window may be forgotten and still be in memory. */
const FORGOTTEN_SHARE = 8;

const DEFAULT_LIMITS: HubLimits = { maxEvents: 4_096, maxBytes: 16 * 1024 * 1024 };

/** Events of others among which those of one stream are looked for: some 20 µs, a read of the log takes 200. */
const MOST_LOOKED_THROUGH = 1_024;

/** What one reader gets at a time: if it never reads on, this much is kept for it. */
const MOST_BYTES_AT_A_TIME = 1024 * 1024;

/** How many of some events that is, at least one and at most `limit`. */
const fitting = (events: readonly RecordedEvent[], from: number, limit: number): number => {
  let bytes = 0;
  for (let count = 0; count < limit; count += 1) {
    const event = events[from + count];
    if (event === undefined) return count;
    bytes += weightOf(event);
    if (bytes > MOST_BYTES_AT_A_TIME && count > 0) return count;
  }
  return limit;
};

export const createHub = (start: bigint, wished: Partial<HubLimits> = {}): Hub => {
  const limits = { ...DEFAULT_LIMITS, ...wished };
  let head = start;
  /** Oldest first; positions follow each other without a hole. `skip` of them are forgotten. */
  let events: RecordedEvent[] = [];
  let skip = 0;
  let bytes = 0;
  const publishListeners = new Set<(events: readonly RecordedEvent[] | undefined) => void>();
  const advanceListeners = new Set<() => void>();
  const streamListeners = new Map<string, Set<(event: RecordedEvent | undefined) => void>>();

  const forgetOld = (): void => {
    while (events.length - skip > limits.maxEvents || bytes > limits.maxBytes) {
      const oldest = events[skip];
      if (oldest === undefined) break;
      bytes -= weightOf(oldest);
      skip += 1;
    }
    // Cutting the front off at every publish would copy the window each time, and never would keep
    // what nobody may have any more.
    if (skip > limits.maxEvents / FORGOTTEN_SHARE) {
      events = events.slice(skip);
      skip = 0;
    }
  };

  const advance = (): void => {
    for (const listener of [...advanceListeners]) listener();
  };

  return {
    get head() {
      return head;
    },
    get followers() {
      const ofStreams = streamListeners.values().reduce((sum, those) => sum + those.size, 0);
      return advanceListeners.size + ofStreams;
    },
    publish(published) {
      for (const event of published) {
        events.push(event);
        bytes += weightOf(event);
        head = event.position;
      }
      forgetOld();
      for (const listener of publishListeners) listener(published);
      for (const event of published) {
        const listeners = streamListeners.get(event.stream);
        if (listeners !== undefined) for (const listener of [...listeners]) listener(event);
      }
      advance();
    },
    reset(to) {
      events = [];
      skip = 0;
      bytes = 0;
      head = to;
      for (const listener of publishListeners) listener(undefined);
      for (const listeners of [...streamListeners.values()]) {
        for (const listener of [...listeners]) listener(undefined);
      }
      advance();
    },
    after(position, limit) {
      const first = events[skip];
      if (first === undefined) return position >= head ? [] : undefined;
      if (position < first.position - 1n) return undefined;
      const from = skip + Number(position + 1n - first.position);
      return events.slice(from, from + fitting(events, from, limit));
    },
    tail(stream, lowest, position) {
      const first = events[skip];
      if (first === undefined || position < first.position || position > head) return undefined;
      const last = skip + Number(position - first.position);
      const found: RecordedEvent[] = [];
      for (let at = last; at >= skip && last - at < MOST_LOOKED_THROUGH; at -= 1) {
        const event = events[at];
        if (event === undefined || event.stream !== stream) continue;
        found.push(event);
        // Revisions of a stream follow each other, so there is none in between that is not here.
        if (event.revision === lowest) return found.reverse();
      }
      return undefined;
    },
    onPublish(listener) {
      publishListeners.add(listener);
      return () => publishListeners.delete(listener);
    },
    onAdvance(listener) {
      advanceListeners.add(listener);
      return () => advanceListeners.delete(listener);
    },
    onStream(stream, listener) {
      const listeners = streamListeners.get(stream) ?? new Set();
      listeners.add(listener);
      streamListeners.set(stream, listeners);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) streamListeners.delete(stream);
      };
    },
  };
};
