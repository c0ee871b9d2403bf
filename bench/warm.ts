/**
 * What a command costs on a long stream, when its process knows the stream: enrollments one after the
 * other in activities whose seating has about 10 events, and in one whose seating has 10,000.
 *
 *   node bench/warm.ts [--events 10000] [--count 300] [--pairs 7] [--activities 150]
 *                      [--members 60] [--json]
 *
 * Pairs that take turns, one command in flight: what grows with the stream would show in each. The
 * ratio of the medians is the figure; its spread stands beside it.
 */
import { untilSettled } from './_kit/consumers.ts';
import { cpuTimes } from './_kit/cpu.ts';
import { drive, type Figures } from './_kit/drive.ts';
import { environment } from './_kit/environment.ts';
import { readFlags } from './_kit/options.ts';
import { printFigures, progress, type Row, report } from './_kit/report.ts';
import { startSeason } from './_kit/season.ts';

const options = readFlags({ events: 10_000, count: 300, pairs: 7, activities: 150, members: 60 }, [
  'json',
]);
const { events, count, pairs, activities } = options;
const SHORT_EVENTS = 8;
const FILLING = 64;

const before = environment();
const season = await startSeason({ ...options, connections: FILLING });
const { platform } = season;
let asked = 0;
const onShort = () => {
  asked += 1;
  return season.enroll(asked);
};
const onLong = () => {
  asked += 1;
  return season.enroll(asked, season.hot);
};

type Run = { readonly figures: Figures; readonly cpuMs: number };
const writeApiMs = (): number => cpuTimes(platform.pids)['write-api'] ?? Number.NaN;

/** One after the other, and what the write API used for one. */
async function run(enroll: () => Promise<unknown>): Promise<Run> {
  await untilSettled(platform.readUrl);
  const from = writeApiMs();
  const figures = await drive(count, 1, enroll);
  return { figures, cpuMs: (writeApiMs() - from) / count };
}

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]): number =>
  sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;
const middle = (runs: readonly Run[]): Figures => {
  const p50 = median(runs.map(({ figures }) => figures.p50Ms));
  return (runs.find(({ figures }) => figures.p50Ms === p50) ?? (runs[0] as Run)).figures;
};

try {
  progress(`${activities} streams of about ${SHORT_EVENTS} events, one of ${events}`);
  await drive(activities * SHORT_EVENTS, FILLING, onShort);
  await drive(events, FILLING, onLong);
  for (const enroll of [onShort, onLong]) await drive(100, 1, enroll);
  const short: Run[] = [];
  const long: Run[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    progress(`pair ${pair + 1} of ${pairs}`);
    short.push(await run(onShort));
    long.push(await run(onLong));
  }
  const ratios = short.map(({ figures }, n) => (long[n]?.figures.p50Ms ?? 0) / figures.p50Ms);
  const cpuRatios = short.map(({ cpuMs }, n) => (long[n]?.cpuMs ?? 0) / cpuMs);
  const spread = (values: readonly number[]) => ({
    median: median(values),
    from: sorted(values)[0],
    to: sorted(values).at(-1),
  });
  const rows: Row[] = [
    { what: `streams of ${SHORT_EVENTS} events and more`, figures: middle(short) },
    { what: `a stream of ${events} events and more`, figures: middle(long) },
  ];
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    rows,
    ratio: { p50: spread(ratios), cpu: spread(cpuRatios) },
    ...{ runs: { short, long }, refused: season.refused() },
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printFigures(rows);
    console.log('Long over short, a pair each (at most 1.25 is the goal):');
    console.table(
      Object.fromEntries(
        Object.entries(result.ratio).map(([what, { median: middleOne, from, to }]) => [
          what,
          { median: middleOne.toFixed(2), from: from?.toFixed(2), to: to?.toFixed(2) },
        ]),
      ),
    );
  });
} finally {
  await season.stop();
}
