import type { Socket } from 'node:net';
import type { Measures, Move } from './modes.ts';

/** Bytes, or how the sender ended; and when it came (ms of `performance.now()`). */
type Item = { readonly what: Buffer | 'end' | 'gone'; readonly at: number };

/** More than this is not read: the sender feels it, as it would through a network that is stuck. */
const MOST_HELD_BYTES = 64 * 1024;

export type Lane = {
  push(what: Item['what']): void;
  /** Sends what may go now; called whenever the mode changes. */
  pump(): void;
  stop(): void;
};

/** One direction of one connection: what comes from a side waits here until it may go to the other. */
export function createLane(options: {
  from: Socket;
  /** undefined: there is no other side yet. */
  to: () => Socket | undefined;
  how: () => { readonly move: Move } & Measures;
}): Lane {
  const { from, to, how } = options;
  let items: Item[] = [];
  let held = 0;
  let timer: NodeJS.Timeout | undefined;
  let lastDripAt = 0;
  let stopped = false;

  const deliver = (target: Socket, what: Item['what']): void => {
    if (target.destroyed) return;
    if (what === 'end') target.end();
    else if (what === 'gone') target.destroy();
    else target.write(what);
  };

  const take = (target: Socket): void => {
    const item = items.shift();
    if (item === undefined) return;
    if (item.what instanceof Buffer) held -= item.what.length;
    deliver(target, item.what);
  };

  /** The next byte, or the end behind the last one; gives when the one after it is due, in ms. */
  const dripped = (target: Socket, bytesPerSecond: number): number => {
    const everyMs = 1000 / bytesPerSecond;
    const early = lastDripAt + everyMs - performance.now();
    if (early > 0) return early;
    lastDripAt = performance.now();
    const [first] = items;
    if (first?.what instanceof Buffer && first.what.length > 1) {
      deliver(target, first.what.subarray(0, 1));
      items[0] = { ...first, what: first.what.subarray(1) };
      held -= 1;
    } else {
      take(target);
    }
    return everyMs;
  };

  /** What has waited long enough; gives when the next is due, in ms. */
  const matured = (target: Socket, latencyMs: number): number => {
    const ripe = performance.now() - latencyMs;
    while (items[0] !== undefined && items[0].at <= ripe) take(target);
    return (items[0]?.at ?? 0) - ripe;
  };

  const pump = (): void => {
    const target = to();
    const { move, latencyMs, bytesPerSecond } = how();
    clearTimeout(timer);
    if (target === undefined || move === 'never') return;
    const dueMs =
      move === 'drip'
        ? dripped(target, bytesPerSecond)
        : matured(target, move === 'late' ? latencyMs : 0);
    if (items.length > 0) timer = setTimeout(pump, Math.max(1, dueMs));
    if (held < MOST_HELD_BYTES && from.isPaused()) from.resume();
  };

  return {
    push: (what) => {
      if (stopped) return;
      items.push({ what, at: performance.now() });
      if (what instanceof Buffer) held += what.length;
      pump();
      if (held >= MOST_HELD_BYTES) from.pause();
    },
    pump,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      items = [];
    },
  };
}
