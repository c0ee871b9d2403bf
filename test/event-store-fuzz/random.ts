/**
 * Numbers out of a seed (mulberry32): the same seed gives the same requests, byte by byte. What the
 * node answers may differ, as it does several things at once.
 */
export type Random = {
  /** From 0 up to, not including, `below`. */
  int(below: number): number;
  chance(of: number): boolean;
  pick<T>(from: readonly [T, ...T[]] | readonly T[]): T;
  bytes(length: number): Buffer;
  uuid(): string;
  /** A generator of its own for one part, so that what it draws changes nobody else's. */
  part(nth: number): Random;
};

export const randomFrom = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const int = (below: number): number => Math.floor((next() / 2 ** 32) * below);
  const bytes = (length: number): Buffer =>
    Buffer.from(Uint8Array.from({ length }, () => next() & 255));
  return {
    int,
    bytes,
    chance: (of) => next() / 2 ** 32 < of,
    pick: (from) => {
      if (from.length === 0) throw new Error('nothing to pick from');
      return from[int(from.length)] as (typeof from)[number];
    },
    uuid() {
      const hex = bytes(16).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
    part: (nth) =>
      randomFrom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(nth + 1, 0xc2b2ae35)),
  };
};
