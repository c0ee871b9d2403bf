/** Chance that can be had again: the same seed draws the same numbers. */
export type Random = {
  /** 0 to `end - 1`, whole */
  below(end: number): number;
  /** true in this share of all draws */
  often(share: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
};

/** mulberry32: small, and good enough to choose moments. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0;
  const draw = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(draw() * end);
  return {
    below,
    often: (share) => draw() < share,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
  };
};
