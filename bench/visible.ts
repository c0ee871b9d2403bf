/**
 * How long after its answer a write can be seen: by a read without a token that is asked again and
 * again, and by one read with the `Consistency-Token` of the write, which waits as long as it must.
 *
 *   node bench/visible.ts [--count 300] [--load 600] [--rounds 7] [--members 97] [--activities 20]
 *                         [--connections 32] [--json]
 *
 * The write is an enrollment, the read that enrollment. Idle: nothing else happens. Under load: `load`
 * enrollments of others a second. Idle and loaded take turns for `rounds`; the figures are those of all
 * rounds together, and the spread of their p99 stands below. The figures of `asked again` contain one round trip of a read, for
 * an answer that does not show it yet takes as long as one that does.
 */
import { untilSettled } from './_kit/consumers.ts';
import { driveAt, type Figures, figuresOf } from './_kit/drive.ts';
import { environment } from './_kit/environment.ts';
import { readFlags } from './_kit/options.ts';
import { printFigures, progress, type Row, report } from './_kit/report.ts';
import { type Enrolled, startSeason } from './_kit/season.ts';
import { spell, spreadOf } from './_kit/spread.ts';

const options = readFlags(
  { count: 300, load: 600, rounds: 7, members: 97, activities: 20, connections: 32 },
  ['json'],
);
const { count, load } = options;

const before = environment();
const season = await startSeason(options);
const { platform, read } = season;
let asked = 0;
const enroll = () => {
  asked += 1;
  return season.enroll(asked);
};

const look = ({ id, member, consistency }: Enrolled, withToken: boolean) =>
  read.send({
    method: 'GET',
    path: `/v1/enrollments/${id}`,
    headers: {
      authorization: `Bearer ${member.token}`,
      ...(withToken ? { 'consistency-token': consistency } : {}),
    },
  });

/** Milliseconds from the answer of the write until a read shows it. */
async function untilSeen(): Promise<number> {
  const written = await enroll();
  const since = performance.now();
  for (;;) {
    const answer = await look(written, false);
    if (answer.status === 200) return performance.now() - since;
    if (answer.status === 404) continue;
    season.refuse('GET /v1/enrollments', answer);
    return Number.NaN;
  }
}

/** Milliseconds that the read of one's own write takes; it has to show it. */
async function withItsToken(): Promise<number> {
  const written = await enroll();
  const since = performance.now();
  const answer = await look(written, true);
  if (answer.status !== 200) season.refuse('GET /v1/enrollments with its token', answer);
  return performance.now() - since;
}

/** Milliseconds of a read of something that was there before. */
async function plainRead(): Promise<number> {
  const since = performance.now();
  await look(first, true);
  return performance.now() - since;
}

const kinds = { 'asked again': untilSeen, 'with its token': withItsToken, 'a read': plainRead };
type Round = { readonly took: readonly number[]; readonly elapsedMs: number };
const measured = new Map<string, Round[]>();

async function measure(when: string): Promise<void> {
  for (const [kind, once] of Object.entries(kinds)) {
    const begin = performance.now();
    const took: number[] = [];
    for (let n = 0; n < count; n += 1) took.push(await once());
    const what = `${when}: ${kind}`;
    const rounds = measured.get(what) ?? [];
    measured.set(what, [...rounds, { took, elapsedMs: performance.now() - begin }]);
  }
}

async function measureLoaded(): Promise<void> {
  // In slices, so that it ends soon after what it is the load for.
  let loading = true;
  const others = (async () => {
    while (loading) await driveAt(load, 1, enroll);
  })();
  await measure(`${load} enrollments/s`);
  loading = false;
  await others;
  await untilSettled(platform.readUrl);
}

const together = (rounds: readonly Round[]): Figures =>
  figuresOf(
    rounds.flatMap(({ took }) => took),
    rounds.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
  );

let first: Enrolled;
try {
  progress('warming up');
  first = await enroll();
  await driveAt(100, 3, enroll);
  await untilSettled(platform.readUrl);
  for (let round = 1; round <= options.rounds; round += 1) {
    progress(`round ${round} of ${options.rounds}`);
    await measure('idle');
    await measureLoaded();
  }
  const rows: Row[] = [...measured].map(([what, rounds]) => ({ what, figures: together(rounds) }));
  const p99Ms = Object.fromEntries(
    [...measured].map(([what, rounds]) => [
      what,
      spreadOf(rounds.map(({ took, elapsedMs }) => figuresOf(took, elapsedMs).p99Ms)),
    ]),
  );
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    ...{ rows, p99Ms, refused: season.refused() },
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printFigures(rows);
    console.log('p99 ms of the rounds:');
    for (const [what, spread] of Object.entries(p99Ms))
      console.log(`  ${what}: ${spell(spread, 1)}`);
  });
} finally {
  await season.stop();
}
