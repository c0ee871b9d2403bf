import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../../embedded/demo/client/http.ts';
import { enrolled, opened, page, enrollment as shape } from '../../embedded/demo/client/shapes.ts';
import { inParallel, until } from '../../embedded/demo/client/wait.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { createDriver, type Driver, type Person, parsed, problemOf } from './driver.ts';

let platform: TestPlatform;
let driver: Driver;
let staff: Person;
let members: Person[];

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
  staff = await driver.official('staff');
  // Twenty people, not a thousand: each costs two password hashes, and a seat does not care whose
  // it is. What counts is a thousand requests at the same time.
  members = await inParallel(Array(20).fill(0), 4, () => driver.register());
});

afterAll(async () => {
  driver?.close();
  await platform?.stop();
});

const enrollAt = (activityId: string, member: Person, joinWaitlist: boolean, key = randomUUID()) =>
  driver.command(
    `/v1/activities/${activityId}/enrollments`,
    { joinWaitlist },
    { token: member.token, key },
  );

/** `201 held`, `409 sold-out`, …: what an answer came to. */
function outcomeOf(answer: Answer): string {
  if (answer.status === 201) return `201 ${parsed(enrolled, answer).status}`;
  const { status, code } = problemOf(answer);
  return `${status} ${code}`;
}

const tally = (outcomes: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(outcomes, (outcome) => outcome)).map(([outcome, list]) => [
      outcome,
      list?.length ?? 0,
    ]),
  );

/** A thousand requests in flight at once; nobody waits for anybody else's answer. */
async function thousandAtOnce(activityId: string, joins: (index: number) => boolean) {
  const since = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, index) =>
      enrollAt(activityId, members[index % members.length] as Person, joins(index)),
    ),
  );
  console.log(`1,000 enrolls at once: ${Math.round(performance.now() - since)} ms`);
  return answers;
}

test('a thousand at once on a hundred seats: 100 held, 900 refused as sold out', async () => {
  const { id } = await driver.openActivity(staff, { capacity: 100, seatsPerMember: 1000 });
  const answers = await thousandAtOnce(id, () => false);
  expect(tally(answers.map(outcomeOf))).toEqual({ '201 held': 100, '409 sold-out': 900 });
  const ids = answers.filter(({ status }) => status === 201).map((a) => parsed(enrolled, a).id);
  expect(new Set(ids).size).toBe(100);
  const { availability } = await until(
    'the catalogue',
    () => driver.activity(id),
    ({ availability: { free } }) => free === 0,
  );
  expect(availability).toEqual({ capacity: 100, held: 100, confirmed: 0, waitlisted: 0, free: 0 });
});

test('with a waitlist: 100 held, who asked waits, who did not is refused', async () => {
  const plan = { capacity: 100, seatsPerMember: 1000, waitlist: true };
  const { id } = await driver.openActivity(staff, plan);
  const joins = (index: number) => index % 3 === 0;
  const outcomes = (await thousandAtOnce(id, joins)).map(outcomeOf);
  const { '201 held': held, ...rest } = tally(outcomes);
  expect(held).toBe(100);
  expect(Object.keys(rest).sort()).toEqual(['201 waitlisted', '409 sold-out']);
  const wrong = outcomes.filter(
    (outcome, index) => outcome === (joins(index) ? '409 sold-out' : '201 waitlisted'),
  );
  expect(wrong).toEqual([]);
});

test('one key fifty times at once: one enrollment, fifty equal answers, equal after a kill', async () => {
  const { id } = await driver.openActivity(staff, { capacity: 100, seatsPerMember: 1000 });
  const member = await driver.register();
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => enrollAt(id, member, false, key)),
  );
  const first = answers[0] as Answer;
  expect(first.status).toBe(201);
  // What a client keeps of an answer; the date and the rate limit are of the moment.
  const kept = ({ status, text, headers }: Answer) => ({
    ...{ status, text },
    ...{ etag: headers.etag, location: headers.location, type: headers['content-type'] },
  });
  expect(answers.map(kept)).toEqual(answers.map(() => kept(first)));
  expect(answers.filter(({ headers }) => headers['idempotency-hit'] === undefined)).toHaveLength(1);

  const back = platform.restarted('write-api');
  platform.kill('write-api', 'SIGKILL');
  await back;
  const again = await until(
    'the write API',
    () => enrollAt(id, member, false, key).catch((error: Error) => error),
    (answer) => !(answer instanceof Error) && answer.status !== 503,
  );
  if (again instanceof Error) throw again;
  expect(kept(again)).toEqual(kept(first));
  expect(again.headers['idempotency-hit']).toBe('true');

  const other = await enrollAt(id, member, true, key);
  expect(problemOf(other)).toEqual({ status: 422, code: 'idempotency-key-reused' });
  const mine = await driver.read('/v1/me/enrollments', {
    token: member.token,
    consistency: String(again.headers['consistency-token']),
  });
  expect(parsed(page(shape), mine).items.map((each) => each.id)).toEqual([
    parsed(enrolled, first).id,
  ]);
});

test('paying fifty times at once, each with a key of its own, opens one PaymentIntent', async () => {
  const { id } = await driver.openActivity(staff);
  const member = await driver.register();
  const { id: enrollmentId } = await driver.enroll(member, id);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      driver.command(
        `/v1/enrollments/${enrollmentId}/payments`,
        { method: 'card' },
        { token: member.token },
      ),
    ),
  );
  expect(tally(answers.map(({ status }) => String(status)))).toEqual({ 201: 50 });
  const secrets = answers.map((answer) => parsed(opened, answer).clientSecret);
  expect(new Set(secrets).size).toBe(1);
  const intents = (await driver.stripe.intentsByEnrollment()).get(enrollmentId) ?? [];
  expect(intents.map(({ client_secret }) => client_secret)).toEqual([secrets[0]]);
});

test('the same webhooks a hundred times in any order: one effect', async () => {
  const { id } = await driver.openActivity(staff);
  const member = await driver.register();
  const { id: enrollmentId } = await driver.enroll(member, id);
  const { clientSecret } = await driver.pay(member, enrollmentId);
  const { id: intentId } = await driver.stripe.payByCard(clientSecret);
  // At once: the first of them and the hundred others race.
  const events = await driver.stripe.eventsOf(intentId);
  expect(events.length).toBeGreaterThanOrEqual(2);
  const queued = await driver.stripe.redeliver({ times: 100, events });
  expect(queued).toBe(100 * events.length);
  await until(
    'deliveries',
    () => driver.stripe.pendingDeliveries(),
    (pending) => pending === 0,
  );

  const confirmed = await driver.untilEnrollment(member, enrollmentId, (e) => e.ticket !== null);
  expect(confirmed).toMatchObject({ status: 'confirmed', amountPaid: { amount: 2500 } });
  // Somebody who enrolls after them all is through when everything before is.
  await driver.seat(await driver.register(), id);
  await until(
    'mail',
    () => driver.mailTo(member.email),
    (mails) => mails.length > 0,
  );
  expect(await driver.mailTo(member.email)).toHaveLength(1);
  expect((await driver.activity(id)).availability).toMatchObject({ confirmed: 2, held: 0 });
  expect(await driver.enrollment(member, enrollmentId)).toEqual(confirmed);
  expect((await driver.stripe.intentsByEnrollment()).get(enrollmentId)).toHaveLength(1);
});
