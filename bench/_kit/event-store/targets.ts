import type { AppendResult } from './append.ts';
import type { Growth } from './growth.ts';
import type { Comparison } from './pairs.ts';

/** What the node is meant to do; one that is missed wants a profile, it is no failure of the run. */
export type Target = {
  readonly what: string;
  readonly wanted: string;
  readonly found: number;
  readonly met: boolean;
};

/** Part of the rate in memory, by appends in flight. */
const PARTS: readonly (readonly [inFlight: number, part: number])[] = [
  [128, 0.8],
  [512, 0.9],
];
const READ_A_SECOND = 20_000;
const COST_OF_GROWTH = 1.25;
const GROWTH_MB = 30;
const READY_MS = 1000;

export function targetsOf(found: {
  readonly appends: readonly AppendResult[];
  readonly reads: readonly Comparison[];
  readonly growth: Growth | undefined;
}): readonly Target[] {
  const { appends, reads, growth } = found;
  return [
    ...PARTS.flatMap(([inFlight, part]) =>
      appends
        .filter((one) => one.inFlight === inFlight && one.how === 'batch')
        .map(({ comparison: { what, ratio } }) =>
          atLeast(`${what}: part of the rate in memory`, part, ratio.median),
        ),
    ),
    ...reads.map(({ what, one }) =>
      atLeast(`${what}: events a second`, READ_A_SECOND, one.figures.perSecond),
    ),
    ...(growth === undefined ? [] : ofGrowth(growth)),
  ];
}

function ofGrowth({ appends, filledMb, startedMb, readyMs }: Growth): readonly Target[] {
  return [
    ...appends.map(({ what, ratio }) =>
      atMost(`cost of an ${what}`, COST_OF_GROWTH, 1 / ratio.median),
    ),
    atMost(
      'MB more after the same load',
      GROWTH_MB,
      startedMb.large.median - startedMb.small.median,
    ),
    atMost('MB more in one node that fills it', GROWTH_MB, filledMb.large - filledMb.small),
    atMost('ms to READY on the large log', READY_MS, readyMs.median),
  ];
}

const atLeast = (what: string, wanted: number, found: number): Target => ({
  ...{ what, wanted: `at least ${wanted}`, found },
  met: found >= wanted,
});
const atMost = (what: string, wanted: number, found: number): Target => ({
  ...{ what, wanted: `at most ${wanted}`, found },
  met: found <= wanted,
});
