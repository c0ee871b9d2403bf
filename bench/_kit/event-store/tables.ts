import type { Figures } from '../drive.ts';
import type { Growth } from './growth.ts';
import type { Comparison, Measured, Spread } from './pairs.ts';
import type { Target } from './targets.ts';

const ms = (value: number): string => value.toFixed(1);
const times = ({ p50Ms, p95Ms, p99Ms }: Figures): string =>
  [p50Ms, p95Ms, p99Ms].map(ms).join(' / ');
const spread = ({ median, least, most }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
const cpu = ({ cpuUs: { node, postgres, generator } }: Measured): string =>
  [node, postgres, generator].map((us) => us.toFixed(0)).join(' / ');

/** The one beside the other: rates in events, times in ms, CPU in µs an event. */
export function printComparisons(comparisons: readonly Comparison[]): void {
  if (comparisons.length === 0) return;
  const named = comparisons[0];
  console.log(
    `events a second, p50 / p95 / p99 in ms, CPU in µs an event (node / Postgres / load generator): ${named?.one.name}, then ${named?.other.name}`,
  );
  console.table(
    Object.fromEntries(
      comparisons.map(({ what, one, other, ratio }) => [
        what,
        {
          'a second': Math.round(one.figures.perSecond),
          times: times(one.figures),
          cpu: cpu(one),
          '| a second': Math.round(other.figures.perSecond),
          '| times': times(other.figures),
          '| cpu': cpu(other),
          ratio: spread(ratio, 2),
        },
      ]),
    ),
  );
}

export function printGrowth({ small, large, filledMb, startedMb, readyMs, appends }: Growth): void {
  printComparisons(appends);
  const of = (count: number): string => count.toLocaleString('en');
  console.log(`A log of ${of(large)} events beside one of ${of(small)}:`);
  console.log(
    `  resident MB while one node filled it: ${filledMb.large.toFixed(0)}, ${filledMb.small.toFixed(0)}`,
  );
  console.log(
    `  resident MB of new nodes after the same load: ${spread(startedMb.large, 0)}, ${spread(startedMb.small, 0)}`,
  );
  console.log(`  ms from exec to READY on the large one: ${spread(readyMs, 0)}`);
}

export function printTargets(targets: readonly Target[]): void {
  console.log('Targets:');
  console.table(
    Object.fromEntries(
      targets.map(({ what, wanted, found, met }) => [
        what,
        { wanted, found: Number(found.toFixed(found < 10 ? 2 : 0)), met },
      ]),
    ),
  );
}
