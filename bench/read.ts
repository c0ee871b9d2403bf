/**
 * How many reads a second the read API answers, beside Fastify with one SELECT by primary key a
 * request on the same Postgres in the same run: the catalogue, one activity, a member's own
 * enrollments, each without a `Consistency-Token` and with that of the newest write.
 *
 *   node bench/read.ts [--count 5000] [--rounds 3] [--in-flight 64] [--activities 20]
 *                      [--members 97] [--enrollments 2000] [--json]
 *
 * The season has `enrollments` enrollments before it is read. Rounds take turns; the median counts.
 */

import { untilSettled } from './_kit/consumers.ts';
import { cpuPerPiece, cpuTimes } from './_kit/cpu.ts';
import { drive, type Figures, medianRun } from './_kit/drive.ts';
import { environment } from './_kit/environment.ts';
import { startFloor } from './_kit/floor.ts';
import { readFlags } from './_kit/options.ts';
import { printFigures, progress, report } from './_kit/report.ts';
import { at, startSeason } from './_kit/season.ts';

const options = readFlags(
  { count: 5000, rounds: 3, 'in-flight': 64, activities: 20, members: 97, enrollments: 2000 },
  ['json'],
);
const { count, rounds, 'in-flight': inFlight } = options;

const before = environment();
const season = await startSeason({ ...options, connections: inFlight });
const { platform, activities, members, read } = season;
const floor = await startFloor(platform.databaseUrl, inFlight);

try {
  progress(`enrolling ${options.enrollments}`);
  let newest = '';
  await drive(options.enrollments, inFlight, async (n) => {
    newest = (await season.enroll(n)).consistency;
  });
  await drive(500, inFlight, floor.insert);

  const get = async (path: string, headers: Readonly<Record<string, string>>) => {
    const answer = await read.send({ method: 'GET', path, headers });
    if (answer.status !== 200) season.refuse(`GET ${path}`, answer);
  };
  const token = { 'consistency-token': newest };
  const catalogue = (_n: number, headers = {}) => get('/v1/activities?limit=20', headers);
  const activity = (n: number, headers = {}) => get(`/v1/activities/${at(activities, n)}`, headers);
  const mine = (n: number, headers = {}) => {
    const authorization = `Bearer ${at(members, n).token}`;
    return get('/v1/me/enrollments?limit=20', { authorization, ...headers });
  };
  const reads: Readonly<Record<string, (n: number) => Promise<void>>> = {
    'floor: Fastify + pg, SELECT by primary key': floor.select,
    'catalogue, 20 activities': catalogue,
    'catalogue, with a token': (n) => catalogue(n, token),
    'one activity': activity,
    'one activity, with a token': (n) => activity(n, token),
    'my enrollments, 20 of them': mine,
    'my enrollments, with a token': (n) => mine(n, token),
  };

  progress('warming up');
  for (const action of Object.values(reads)) await drive(500, inFlight, action);
  await untilSettled(platform.readUrl);
  const runs = new Map(Object.keys(reads).map((what) => [what, [] as Figures[]]));
  const cpu = new Map<string, number>();
  for (let round = 0; round < rounds; round += 1) {
    progress(`round ${round + 1} of ${rounds}`);
    for (const [what, action] of Object.entries(reads)) {
      const from = cpuTimes(platform.pids);
      runs.get(what)?.push(await drive(count, inFlight, action));
      const spent = cpuPerPiece(from, cpuTimes(platform.pids), count * rounds);
      const ofIt = spent.find(({ process }) => process === 'read-api')?.ms ?? 0;
      cpu.set(what, (cpu.get(what) ?? 0) + ofIt);
    }
  }

  const [floorRuns = []] = runs.values();
  const floorFigures = medianRun(floorRuns);
  const rows = [...runs].map(([what, all]) => {
    const figures = medianRun(all);
    return { what, figures, ratios: { 'x SELECT': figures.perSecond / floorFigures.perSecond } };
  });
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    ...{ rows, rounds: Object.fromEntries(runs), refused: season.refused() },
    readApiCpuMs: Object.fromEntries(cpu),
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printFigures(rows);
    console.log('Every round, per second:');
    for (const [what, all] of runs) {
      console.log(`  ${what}: ${all.map((one) => Math.round(one.perSecond)).join(', ')}`);
    }
    console.log('CPU ms of the read API for one answer:');
    for (const [what, ms] of cpu) console.log(`  ${what}: ${ms.toFixed(3)}`);
  });
} finally {
  await floor.stop();
  await season.stop();
}
