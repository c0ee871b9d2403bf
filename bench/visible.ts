/**
 * How long after its answer a write can be seen: by a read without a token that is asked again and
 * again, and by one read with the `Consistency-Token` of the write, which waits as long as it must.
 *
 *   node bench/visible.ts [--count 300] [--load 300] [--members 97] [--activities 20]
 *                         [--connections 32] [--json]
 *
 * The write is an enrollment, the read that enrollment. Idle: nothing else happens. Under load: `load`
 * enrollments of others a second. The figures of `asked again` contain one round trip of a read, for
 * an answer that does not show it yet takes as long as one that does.
 */
import { untilSettled } from './_kit/consumers.ts';
import { driveAt, figuresOf } from './_kit/drive.ts';
import { environment } from './_kit/environment.ts';
import { readFlags } from './_kit/options.ts';
import { printFigures, progress, type Row, report } from './_kit/report.ts';
import { type Enrolled, startSeason } from './_kit/season.ts';

const options = readFlags({ count: 300, load: 300, members: 97, activities: 20, connections: 32 }, [
  'json',
]);
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

async function measure(when: string): Promise<Row[]> {
  const kinds = { 'asked again': untilSeen, 'with its token': withItsToken, 'a read': plainRead };
  const rows: Row[] = [];
  for (const [kind, once] of Object.entries(kinds)) {
    progress(`${when}, ${kind}`);
    const begin = performance.now();
    const took: number[] = [];
    for (let n = 0; n < count; n += 1) took.push(await once());
    rows.push({ what: `${when}: ${kind}`, figures: figuresOf(took, performance.now() - begin) });
  }
  return rows;
}

let first: Enrolled;
try {
  progress('warming up');
  first = await enroll();
  await driveAt(100, 3, enroll);
  await untilSettled(platform.readUrl);
  const idle = await measure('idle');
  // In slices, so that it ends soon after what it is the load for.
  let loading = true;
  const others = (async () => {
    while (loading) await driveAt(load, 1, enroll);
  })();
  const busy = await measure(`${load} enrollments/s`);
  loading = false;
  await others;

  const rows = [...idle, ...busy];
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    ...{ rows, refused: season.refused() },
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printFigures(rows);
  });
} finally {
  await season.stop();
}
