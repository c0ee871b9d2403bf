import type { Figures } from './drive.ts';

/** The middle of several runs, with the least and the most: a figure without them says too much. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** Throws `RangeError` when there is nothing to take the middle of. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, least, most] = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)];
  if (median === undefined || least === undefined || most === undefined) {
    throw new RangeError('no values: a benchmark needs at least one round');
  }
  return { median, least, most };
}

/** Rate over rate, round by round: what the machine did in a round, it did to both of them. */
export const ratiosOf = (runs: readonly Figures[], floors: readonly Figures[]): Spread =>
  spreadOf(
    runs.map(({ perSecond }, round) => perSecond / (floors[round]?.perSecond ?? Number.NaN)),
  );

export const ratesOf = (runs: readonly Figures[]): Spread =>
  spreadOf(runs.map(({ perSecond }) => perSecond));

/** `0.16 (0.14 to 0.18)`; the median alone where there was one round. */
export function spell({ median, least, most }: Spread, digits = 2): string {
  const [middle, low, high] = [median, least, most].map((value) => value.toFixed(digits));
  return low === high ? `${middle}` : `${middle} (${low} to ${high})`;
}
