/**
 * How many whole flows a second: a member enrolls, opens a payment, the card is confirmed at Stripe
 * (the sandbox), its webhook comes in, the payment is fetched and booked, the seat and the enrollment
 * are confirmed, the ticket and its mail are on their way. Done is what a read shows as confirmed.
 *
 *   node bench/flow.ts [--count 1000] [--rounds 7] [--in-flight 32] [--activities 20]
 *                      [--members 60] [--part 50] [--json]
 *
 * A closed load of the three requests that a client makes; the clock of a round stops when the last
 * seat is confirmed. One flow in fifty is watched, from the first request until a read shows the
 * ticket: looking is work too, and watching one in ten was a third of all. Beside it, in turns,
 * Fastify with one durable INSERT a request on the same Postgres. Afterwards an open load at half of
 * the rate that was found (`--part 50`, in per cent), for what a buyer feels who is not in a queue. CPU:
 * what each process used for a flow, mails and books included.
 */
import { z } from 'zod';
import { opened } from '../embedded/demo/client/shapes.ts';
import { type Answer, openConnections } from './_kit/connections.ts';
import { untilSettled } from './_kit/consumers.ts';
import { type CpuTimes, cpuPerPiece, cpuTimes } from './_kit/cpu.ts';
import { drive, driveAt, type Figures, figuresOf, medianRun } from './_kit/drive.ts';
import { environment } from './_kit/environment.ts';
import { startFloor } from './_kit/floor.ts';
import { readFlags } from './_kit/options.ts';
import { printFigures, progress, type Row, report } from './_kit/report.ts';
import { type Enrolled, startSeason } from './_kit/season.ts';
import { ratesOf, ratiosOf } from './_kit/spread.ts';

const options = readFlags(
  { count: 1000, rounds: 7, 'in-flight': 32, activities: 20, members: 60, part: 50 },
  ['json'],
);
const { count, rounds, 'in-flight': inFlight } = options;
const WATCHED = 50;
const LOOK_MS = 250;
const PATIENCE_MS = 60_000;

const before = environment();
const season = await startSeason({ ...options, connections: inFlight });
const { platform, read, write } = season;
const stripe = openConnections(platform.stripeUrl, inFlight);
const floor = await startFloor(platform.databaseUrl, inFlight);

const pay = async ({ id, member }: Enrolled): Promise<string> => {
  const answer = await write.send({
    method: 'POST',
    path: `/v1/enrollments/${id}/payments`,
    headers: { authorization: `Bearer ${member.token}`, 'idempotency-key': crypto.randomUUID() },
    body: { method: 'card' },
  });
  if (answer.status === 201) return opened.parse(JSON.parse(answer.body)).clientSecret;
  season.refuse('pay', answer);
  return '';
};
const { publishableKey } = season.driver.stripe;
const confirmCard = async (clientSecret: string): Promise<void> => {
  const [intent] = clientSecret.split('_secret_');
  const answer = await stripe.send({
    method: 'POST',
    path: `/v1/payment_intents/${intent}/confirm`,
    headers: {
      authorization: `Bearer ${publishableKey}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: `client_secret=${encodeURIComponent(clientSecret)}&payment_method=pm_card_visa`,
  });
  if (answer.status !== 200) season.refuse('confirm the card', answer);
};

const shown = z.object({ status: z.string(), ticket: z.string().nullable() });
const isDone = ({ status, body }: Answer): boolean => {
  if (status !== 200) return false;
  const enrollment = shown.parse(JSON.parse(body));
  return enrollment.status === 'confirmed' && enrollment.ticket !== null;
};
/** Milliseconds from `since` until a read shows the seat confirmed, with its ticket. */
async function untilConfirmed(
  { id, member }: Enrolled,
  since: number,
  everyMs = LOOK_MS,
): Promise<number> {
  const path = `/v1/enrollments/${id}`;
  const headers = { authorization: `Bearer ${member.token}` };
  for (;;) {
    const answer = await read.send({ method: 'GET', path, headers });
    const took = performance.now() - since;
    if (isDone(answer)) return took;
    if (took > PATIENCE_MS) throw new Error(`${path} after ${took} ms: ${answer.body}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

const availability = z.object({ availability: z.object({ confirmed: z.number() }) });
/** Seats that are confirmed, in all activities. */
async function confirmedSeats(): Promise<number> {
  let seats = 0;
  for (const id of season.activities) {
    const { body } = await read.send({ method: 'GET', path: `/v1/activities/${id}` });
    seats += availability.parse(JSON.parse(body)).availability.confirmed;
  }
  return seats;
}

let asked = 0;
type Round = { readonly answered: Figures; readonly flows: Figures };

/** So many flows; done when each is confirmed. */
async function round(flows: number): Promise<Round> {
  const from = await confirmedSeats();
  const watched: Promise<number>[] = [];
  const begin = performance.now();
  const answered = await drive(flows, inFlight, async (n) => {
    asked += 1;
    const since = performance.now();
    const enrolled = await season.enroll(asked);
    await confirmCard(await pay(enrolled));
    if (n % WATCHED === 0) watched.push(untilConfirmed(enrolled, since));
  });
  while ((await confirmedSeats()) < from + flows) {
    if (performance.now() - begin > PATIENCE_MS + flows * 20) throw new Error('seats are missing');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const elapsed = performance.now() - begin;
  const { p50Ms, p95Ms, p99Ms } = figuresOf(await Promise.all(watched), elapsed);
  return {
    answered,
    flows: { count: flows, perSecond: (flows * 1000) / elapsed, p50Ms, p95Ms, p99Ms },
  };
}

const OPEN_SECONDS = 20;
/** A half load leaves room for looking. */
const CLOSE_LOOK_MS = 50;

/** Flows that begin so many a second, each watched until it is shown. */
async function openLoad(perSecond: number): Promise<{ answered: Figures; shown: Figures }> {
  await untilSettled(platform.readUrl);
  const watched: Promise<number>[] = [];
  const begin = performance.now();
  const answered = await driveAt(perSecond, OPEN_SECONDS, async () => {
    asked += 1;
    const since = performance.now();
    const enrolled = await season.enroll(asked);
    await confirmCard(await pay(enrolled));
    watched.push(untilConfirmed(enrolled, since, CLOSE_LOOK_MS));
  });
  const took = await Promise.all(watched);
  return { answered, shown: figuresOf(took, performance.now() - begin) };
}

try {
  progress('warming up');
  await round(300);
  await drive(500, inFlight, floor.insert);
  const runs: Round[] = [];
  const inserts: Figures[] = [];
  const cpu: { spent: CpuTimes; from: CpuTimes }[] = [];
  for (let each = 0; each < rounds; each += 1) {
    progress(`round ${each + 1} of ${rounds}`);
    await untilSettled(platform.readUrl);
    inserts.push(await drive(count, inFlight, floor.insert));
    const from = cpuTimes(platform.pids);
    runs.push(await round(count));
    await untilSettled(platform.readUrl);
    cpu.push({ spent: cpuTimes(platform.pids), from });
  }
  const inRounds = (what: string, of: readonly Figures[]): Row => ({
    what,
    figures: medianRun(of),
    rates: ratesOf(of),
    ratios: { 'x INSERT': ratiosOf(of, inserts) },
  });
  const flows = runs.map((one) => one.flows);
  const answers = runs.map(({ answered }) => answered);
  const at = Math.max(1, Math.round((ratesOf(flows).median * options.part) / 100));
  progress(`open load of ${at} flows a second`);
  const easy = await openLoad(at);
  const rows = [
    inRounds('floor: Fastify + pg, one INSERT', inserts),
    inRounds('the three requests of a flow, answered', answers),
    inRounds('whole flows, confirmed and shown', flows),
    { what: `open load of ${at} flows a second: answered`, figures: easy.answered },
    { what: `open load of ${at} flows a second: shown`, figures: easy.shown },
  ];
  const perFlow = new Map<string, number>();
  for (const { spent, from } of cpu) {
    for (const { process, ms } of cpuPerPiece(from, spent, count * rounds)) {
      perFlow.set(process, (perFlow.get(process) ?? 0) + ms);
    }
  }
  const result = {
    environment: { ...before, loadAfter: environment().loadBefore, ...options },
    ...{ rows, rounds: runs, inserts, cpuMs: Object.fromEntries(perFlow) },
    refused: season.refused(),
  };
  report(result, options.json, () => {
    console.log(result.environment);
    printFigures(rows);
    const rates = runs.map(({ flows }) => Math.round(flows.perSecond));
    console.log(`Every round, flows a second: ${rates.join(', ')}`);
    console.log('CPU ms for one flow, its mail and books included:');
    console.table(Object.fromEntries([...perFlow].map(([part, ms]) => [part, ms.toFixed(2)])));
    console.log(`  all: ${[...perFlow.values()].reduce((sum, ms) => sum + ms, 0).toFixed(2)}`);
  });
} finally {
  stripe.close();
  await floor.stop();
  await season.stop();
}
