import { type CpuTimes, cpuTimes } from '../cpu.ts';
import { type Figures, medianRun } from '../drive.ts';
import { progress } from '../report.ts';

/** One of the two that are compared; `run` is one measurement of it, its rate in events. */
export type Side = {
  readonly name: string;
  /** The node that is measured. */
  readonly pid: number;
  run(): Promise<Figures>;
};

export type Spread = { readonly median: number; readonly least: number; readonly most: number };

export type Measured = {
  readonly name: string;
  /** The median run. */
  readonly figures: Figures;
  readonly runs: readonly Figures[];
  /** CPU for one event, in µs: the node, all of Postgres, this process. */
  readonly cpuUs: {
    readonly node: number;
    readonly postgres: number;
    readonly generator: number;
  };
};

export type Comparison = {
  readonly what: string;
  readonly one: Measured;
  readonly other: Measured;
  /** Rate of the one by rate of the other, pair by pair: what disturbs both is not in it. */
  readonly ratio: Spread;
};

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  if (least === undefined || median === undefined || most === undefined) {
    throw new RangeError('there was no run');
  }
  return { median, least, most };
}

/** As `Figures` of actions of so many events each: the rate in events, the times of an action. */
export const inEvents = (figures: Figures, events: number): Figures => ({
  ...figures,
  count: figures.count * events,
  perSecond: figures.perSecond * events,
});

/** One, other, one, other …: so many pairs. */
export async function inPairs(options: {
  readonly what: string;
  readonly pairs: number;
  readonly postgresPid: number;
  readonly one: Side;
  readonly other: Side;
}): Promise<Comparison> {
  const { what, pairs, postgresPid } = options;
  const one = observed(options.one, postgresPid);
  const other = observed(options.other, postgresPid);
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const first = await one.run();
    const second = await other.run();
    ratios.push(first.perSecond / second.perSecond);
  }
  const ratio = spreadOf(ratios);
  progress(`${what}: ${ratio.median.toFixed(2)}`);
  return { what, one: one.measured(), other: other.measured(), ratio };
}

function observed({ name, pid, run }: Side, postgresPid: number) {
  const runs: Figures[] = [];
  const usedMs = { node: 0, postgres: 0, generator: 0 };
  const add = (times: CpuTimes, sign: 1 | -1): void => {
    for (const [group, ms] of Object.entries(times)) usedMs[roleOf(group)] += sign * ms;
  };
  const pids = { node: pid, postgres: postgresPid };
  return {
    async run(): Promise<Figures> {
      add(cpuTimes(pids), -1);
      const figures = await run();
      add(cpuTimes(pids), 1);
      runs.push(figures);
      return figures;
    },
    measured(): Measured {
      const events = runs.reduce((sum, { count }) => sum + count, 0);
      const each = (ms: number): number => (ms * 1000) / events;
      const cpuUs = {
        node: each(usedMs.node),
        postgres: each(usedMs.postgres),
        generator: each(usedMs.generator),
      };
      return { name, figures: medianRun(runs), runs, cpuUs };
    },
  };
}

function roleOf(group: string): 'node' | 'postgres' | 'generator' {
  if (group === 'node') return 'node';
  return group === 'load generator' ? 'generator' : 'postgres';
}
