/**
 * How many enrollments a second the platform takes over HTTP, each on disk before it is answered,
 * beside two floors of the same run: bare appends of one event by the official client to the same
 * event store, and Fastify with one durable INSERT a request on the same Postgres.
 *
 *   node bench/enroll.ts [--count 3000] [--rounds 7] [--in-flight 64] [--activities 20]
 *                        [--members 199] [--seconds 8] [--at 800] [--from 200] [--profile] [--json]
 *
 * Answered: `count` enrollments, `in-flight` at a time, in `rounds` that take turns with the floors;
 * the median round counts, with the least and the most beside it, and ratios are those of one round's
 * neighbours. CPU: what each process used for one, read models and sagas included, which
 * other work on the machine changes less than a rate. Sustained: the highest rate of an open load
 * (users who do not wait for each other) at which every consumer of the log stays less than a second
 * behind for `seconds`, rates growing by a fifth from `from` on. `at`: an open load of that rate, for
 * what a user feels who is not in a queue. `--profile` adds where the two Node
 * processes of the write path spend it.
 */
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { lowestOrdinal, untilHandled, untilSettled } from './_kit/consumers.ts';
import { type CpuTimes, cpuPerPiece, cpuTimes } from './_kit/cpu.ts';
import { drive, driveAt, type Figures, medianRun } from './_kit/drive.ts';
import { environment } from './_kit/environment.ts';
import { startFloor } from './_kit/floor.ts';
import { readFlags } from './_kit/options.ts';
import { profiled, selfTimes } from './_kit/profile.ts';
import { printFigures, progress, type Row, report } from './_kit/report.ts';
import { type Season, startSeason } from './_kit/season.ts';
import { ratesOf, ratiosOf, spell } from './_kit/spread.ts';
import { type Step, sustained } from './_kit/sustained.ts';

const options = readFlags(
  {
    count: 3000,
    rounds: 7,
    'in-flight': 64,
    activities: 20,
    members: 199,
    seconds: 8,
    at: 800,
    from: 200,
  },
  ['profile', 'json'],
);
const { count, rounds, 'in-flight': inFlight } = options;
/** A seat and its enrollment. */
const EVENTS_PER_ENROLLMENT = 2;
const PROFILED = ['write-api', 'event-store', 'read-api'];
const LINES_OF_A_PROFILE = 25;

const before = environment();
const season = await startSeason({ ...options, connections: inFlight });
const { platform } = season;
const client = EventStoreDBClient.connectionString(platform.eventStoreUrl);
const floor = await startFloor(platform.databaseUrl, inFlight);

let appended = 0;
const bare = () => {
  appended += 1;
  // A system event: the consumers of the platform skip it, and do not park it as one they cannot read.
  const event = jsonEvent({ type: '$bench-appended', data: { text: 'x'.repeat(330) } });
  return client.appendToStream(`bench-${appended}`, event, { expectedRevision: NO_STREAM });
};
let asked = 0;
const spread = () => {
  asked += 1;
  return season.enroll(asked);
};
const hot = () => {
  asked += 1;
  return season.enroll(asked, season.hot);
};

try {
  progress('warming up');
  for (const action of [bare, floor.insert, spread, hot]) {
    await drive(500, inFlight, action);
    await untilSettled(platform.readUrl);
  }
  const runs = { bare: [] as Figures[], insert: [] as Figures[] };
  const enrolls = { spread: [] as Figures[], hot: [] as Figures[] };
  const cpu: { spent: CpuTimes; from: CpuTimes }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    progress(`round ${round + 1} of ${rounds}`);
    runs.bare.push(await settled(season, () => drive(count, inFlight, bare)));
    runs.insert.push(await settled(season, () => drive(count, inFlight, floor.insert)));
    const from = cpuTimes(platform.pids);
    const begun = await lowestOrdinal(platform.readUrl);
    enrolls.spread.push(await drive(count, inFlight, spread));
    await untilHandled(platform.readUrl, begun + count * EVENTS_PER_ENROLLMENT);
    cpu.push({ spent: cpuTimes(platform.pids), from });
    enrolls.hot.push(await settled(season, () => drive(count, inFlight, hot)));
  }
  progress(`open load of ${options.at} a second`);
  const easy = await settled(season, () => driveAt(options.at, options.seconds, spread));
  const steps: Step[] = await sustained({
    ...{ season, action: spread, eventsPerAction: EVENTS_PER_ENROLLMENT },
    ...{ from: options.from, seconds: options.seconds },
  });
  const profiles = options.profile ? await profileAll() : [];

  const bareFigures = medianRun(runs.bare);
  const insertFigures = medianRun(runs.insert);
  const row = (what: string, figures: Figures): Row => ({
    what,
    figures,
    ratios: {
      'x bare append': figures.perSecond / bareFigures.perSecond,
      'x INSERT': figures.perSecond / insertFigures.perSecond,
    },
  });
  const inRounds = (what: string, of: readonly Figures[]): Row => ({
    what,
    figures: medianRun(of),
    rates: ratesOf(of),
    ratios: { 'x bare append': ratiosOf(of, runs.bare), 'x INSERT': ratiosOf(of, runs.insert) },
  });
  const best = steps.findLast((step) => step.held);
  const rows = [
    inRounds('floor: bare append, one event', runs.bare),
    inRounds('floor: Fastify + pg, one INSERT', runs.insert),
    inRounds(`enroll, answered, ${options.activities} activities`, enrolls.spread),
    inRounds('enroll, answered, one hot activity', enrolls.hot),
    row(`enroll, open load of ${options.at} a second`, easy),
    ...(best === undefined ? [] : [row('enroll, sustained', best.figures)]),
  ];
  const cpuMs = cpuPerPiece(
    sum(cpu.map(({ from }) => from)),
    sum(cpu.map(({ spent }) => spent)),
    count * rounds,
  );
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    ...{ rows, rounds: { ...runs, ...enrolls }, cpuMs, steps, profiles, refused: season.refused() },
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printFigures(rows);
    console.log(`Hot over spread, round by round: ${spell(ratiosOf(enrolls.hot, enrolls.spread))}`);
    console.log('Every round, per second:');
    for (const [what, figures] of Object.entries(result.rounds)) {
      console.log(`  ${what}: ${figures.map((one) => Math.round(one.perSecond)).join(', ')}`);
    }
    console.log('CPU ms for one enrollment, from its request until every consumer has handled it:');
    console.table(Object.fromEntries(cpuMs.map(({ process, ms }) => [process, ms.toFixed(3)])));
    console.log(`  all: ${cpuMs.reduce((all, { ms }) => all + ms, 0).toFixed(3)}`);
    console.log('Open load:');
    console.table(
      steps.map(({ perSecond, figures, lagMs, behindMs, held }) => ({
        ...{ asked: perSecond, answered: Math.round(figures.perSecond) },
        ...{ 'p50 ms': figures.p50Ms.toFixed(1), 'p99 ms': figures.p99Ms.toFixed(1) },
        ...{ 'most lag ms': Math.round(lagMs), 'behind at the end ms': Math.round(behindMs), held },
      })),
    );
    for (const { part, places, functions } of profiles) {
      console.log(`${part}, self time in µs per enrollment (wall: waiting for a core counts)`);
      console.table(places);
      console.table(functions);
    }
  });
} finally {
  await client.dispose();
  await floor.stop();
  await season.stop();
}

/** Runs with nothing left over from what ran before. */
async function settled<T>({ platform: { readUrl } }: Season, work: () => Promise<T>): Promise<T> {
  await untilSettled(readUrl);
  const result = await work();
  await untilSettled(readUrl);
  return result;
}

function sum(times: readonly CpuTimes[]): CpuTimes {
  const all: Record<string, number> = {};
  for (const one of times) {
    for (const [process, ms] of Object.entries(one)) all[process] = (all[process] ?? 0) + ms;
  }
  return all;
}

async function profileAll() {
  const profiles = [];
  for (const part of PROFILED) {
    const pid = platform.pids[part];
    if (pid === undefined) throw new Error(`${part} does not run here`);
    progress(`profile of ${part}`);
    const profile = await profiled(pid, () => drive(count, inFlight, spread));
    await untilSettled(platform.readUrl);
    const { places, functions } = selfTimes(profile);
    const lines = (times: typeof places) =>
      times.slice(0, LINES_OF_A_PROFILE).map(({ what, ms }) => ({
        what,
        µs: Number(((ms * 1000) / count).toFixed(1)),
      }));
    profiles.push({ part, places: lines(places), functions: lines(functions) });
  }
  return profiles;
}
