/** Everything that is left to chance in a run, drawn from one seed in one order. */
export type Chance = {
  /** From 0 up to 1. */
  random(): number;
  /** From 0 up to `n`, a whole number. */
  below(n: number): number;
  /** True in so many of a hundred cases. */
  percent(share: number): boolean;
  /** Shaped as a version 4 UUID. */
  uuid(): string;
};

/** mulberry32: 32 bits of state are enough for a run of some thousand draws. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const hex = (): string => next().toString(16).padStart(8, '0');
  return {
    random: () => next() / 2 ** 32,
    below: (n) => next() % n,
    percent: (share) => next() % 100 < share,
    uuid: () => {
      const text = hex() + hex() + hex() + hex();
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-a${text.slice(17, 20)}-${text.slice(20)}`;
    },
  };
}
