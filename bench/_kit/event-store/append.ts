import { driveFor } from '../drive.ts';
import { profiled, selfTimes } from '../profile.ts';
import { progress } from '../report.ts';
import { type Bench, type Loaded, withCouple } from './couple.ts';
import { type Comparison, inEvents, inPairs, type Side } from './pairs.ts';

type Case = {
  readonly inFlight: number;
  readonly events: number;
  readonly how: 'batch' | 'classic';
  /** `new`: a stream for each append, as a command about something new begins one. */
  readonly streams: 'new' | 'known';
};

const KNOWN_STREAMS = 1_000;
const CASES: readonly Case[] = [
  ...[1, 16, 128, 512].flatMap((inFlight) =>
    [1, 10].map((events) => ({ inFlight, events, how: 'batch', streams: 'new' }) as const),
  ),
  { inFlight: 128, events: 1, how: 'batch', streams: 'known' },
  { inFlight: 16, events: 1, how: 'classic', streams: 'new' },
];
/** Appends in flight that have a target, whose profile is of interest. */
const PROFILED = [128, 512];
const WARM_UP_SECONDS = 0.7;
const LINES_OF_A_PROFILE = 25;

const nameOf = ({ inFlight, events, how, streams }: Case): string =>
  `${how === 'batch' ? '' : 'classic '}append of ${events}, ${inFlight} in flight` +
  (streams === 'new' ? '' : `, to ${KNOWN_STREAMS} streams in turn`);

export type AppendResult = {
  readonly comparison: Comparison;
  readonly inFlight: number;
  readonly how: Case['how'];
  /** Self times of the durable node, in µs for one event. */
  readonly profile: readonly { readonly what: string; readonly us: number }[] | undefined;
};

/** Appends, all kinds and how many at a time. */
export async function measureAppends(bench: Bench): Promise<AppendResult[]> {
  const results: AppendResult[] = [];
  for (const [index, one] of CASES.entries()) {
    results.push(await measureCase(bench, one, `append_${index}`));
  }
  return results;
}

function measureCase(bench: Bench, one: Case, database: string): Promise<AppendResult> {
  const { inFlight, events, how } = one;
  const known = one.streams === 'known';
  return withCouple(bench, database, async (durable, memory) => {
    let streams = 0;
    const load = async (node: Loaded, seconds: number) => {
      const figures = await driveFor(seconds, inFlight, () => {
        streams += 1;
        return known
          ? node.append(`activity-${streams % KNOWN_STREAMS}`, events, { how, at: 'any' })
          : node.append(`enrollment-${streams}`, events, { how });
      });
      return inEvents(figures, events);
    };
    const side = (node: Loaded): Side => ({
      ...{ name: node.name, pid: node.pid },
      run: () => load(node, bench.seconds),
    });
    for (const node of [durable, memory]) await load(node, WARM_UP_SECONDS);
    const { pairs, postgresPid } = bench;
    const what = nameOf(one);
    const comparison = await inPairs({
      ...{ what, pairs, postgresPid, one: side(durable), other: side(memory) },
    });
    if (!bench.profile || !PROFILED.includes(inFlight) || how !== 'batch') {
      return { comparison, inFlight, how, profile: undefined };
    }
    progress(`profile of ${what}`);
    let count = 0;
    const sampled = await profiled(durable.pid, async () => {
      ({ count } = await load(durable, bench.seconds * 3));
    });
    const self = selfTimes(sampled).functions.slice(0, LINES_OF_A_PROFILE);
    const profile = self.map((time) => ({ what: time.what, us: (time.ms * 1000) / count }));
    return { comparison, inFlight, how, profile };
  });
}
