import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enrollment } from '../../embedded/demo/client/shapes.ts';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { projections } from '../../projections/index.ts';
import { createDriver, type Driver, type Person, parsed } from '../acceptance/driver.ts';
import { startPlatform, type TestPlatform } from '../support/platform.ts';
import { noRowDiffers, rebuiltOrCompared, rowsThatDiffer } from './compared.ts';

const MEMBERS = 12;
const WRITERS = 4;
/** Between two reads of a reader: the limits for people hold here, too. */
const PAUSE_MS = 40;

let platform: TestPlatform;
let driver: Driver;
let pool: Pool;

beforeAll(async () => {
  platform = await startPlatform();
  driver = createDriver(platform);
  pool = createPool({ url: platform.databaseUrl, name: 'spec' });
});
afterAll(async () => {
  driver?.close();
  await pool?.end();
  await platform?.stop();
});

/** What an answer was not as it had to be, with how often. */
function ledger() {
  const wrong = new Map<string, number>();
  let right = 0;
  return {
    wrong,
    right: () => right,
    check: async (what: string, look: () => Promise<unknown>, expected: unknown) => {
      const found = await look().catch((error: Error) => `${error.name}: ${error.message}`);
      if (JSON.stringify(found) === JSON.stringify(expected)) right += 1;
      else {
        const line = `${what}: ${JSON.stringify(found).slice(0, 300)}`;
        wrong.set(line, (wrong.get(line) ?? 0) + 1);
      }
    },
  };
}

/** Enrolls, reads it with its token, pays or cancels, and reads that. */
async function writeOnce(
  checks: ReturnType<typeof ledger>,
  member: Person,
  { free, paid }: { free: string; paid: string },
): Promise<void> {
  const status = (id: string, consistency: string) => async () => {
    const answer = await driver.read(`/v1/enrollments/${id}`, { token: member.token, consistency });
    return answer.status === 200 ? parsed(enrollment, answer).status : answer.status;
  };
  const first = await driver.enroll(member, free);
  await checks.check('enrolled', status(first.id, first.consistency), 'confirmed');
  const cancelled = await driver.cancel(member, first.id);
  await checks.check('cancelled', status(first.id, cancelled), 'cancelled');
  const second = await driver.enroll(member, paid);
  await checks.check('to be paid', status(second.id, second.consistency), 'held');
  const { clientSecret } = await driver.pay(member, second.id);
  await driver.stripe.payByCard(clientSecret);
}

test('every read model is built again while people enroll, pay, cancel and read: no read fails or is wrong', async () => {
  const staff = await driver.official('staff');
  const finance = await driver.official('finance');
  const members = await inParallel(Array(MEMBERS).fill(0), 4, () => driver.register());
  const open = async (title: string, price: number) =>
    (await driver.openActivity(staff, { title, price, capacity: 5000, seatsPerMember: 1000 })).id;
  const [free, paid, known] = [
    await open('Free', 0),
    await open('Paid', 2500),
    await open('Known', 0),
  ];

  // What holds whatever happens: nobody touches it any more.
  const [ada, ben] = members as [Person, Person];
  const stays = await driver.enroll(ada, known);
  const goes = await driver.enroll(ben, known);
  await driver.cancel(ben, goes.id);
  const statusOf = async ({ token }: Person, id: string) =>
    parsed(enrollment, await driver.read(`/v1/enrollments/${id}`, { token })).status;
  const facts: readonly [string, () => Promise<unknown>, unknown][] = [
    ['the seat that stays', () => statusOf(ada, stays.id), 'confirmed'],
    ['the seat that was cancelled', () => statusOf(ben, goes.id), 'cancelled'],
    ['the activity', async () => (await driver.activity(known)).availability.confirmed, 1],
    ['the roster', async () => (await driver.roster(staff, known)).length, 2],
    [
      'the journal',
      async () => (await driver.read('/v1/finance/journal?limit=1', finance)).status,
      200,
    ],
    ['articles', async () => (await driver.read('/v1/articles', {})).status, 200],
  ];
  // The seat is free again some time after the enrollment is cancelled: a saga sees to it.
  for (const [what, look, expected] of facts) {
    await expect.poll(look, { message: what, timeout: 60_000 }).toEqual(expected);
  }

  const checks = ledger();
  let working = true;
  let written = 0;
  const readers = facts.map(async ([what, look, expected]) => {
    for (; working; await delay(PAUSE_MS)) await checks.check(what, look, expected);
  });
  const writers = Array.from({ length: WRITERS }, async (_, lane) => {
    for (let n = lane; working; n += WRITERS) {
      await writeOnce(checks, members[n % members.length] as Person, { free, paid });
      written += 1;
    }
  });
  const rebuilt: Record<string, unknown> = {};
  for (const definition of projections) {
    const ended = await rebuiltOrCompared(pool, definition, 'rebuild');
    const { changed, removed, trouble } = ended ?? {};
    rebuilt[definition.name] = { changed, removed, trouble };
  }
  working = false;
  await Promise.all([...readers, ...writers]);

  expect([...checks.wrong]).toEqual([]);
  const none = { changed: 0, removed: 0, trouble: null };
  expect(rebuilt).toEqual(Object.fromEntries(projections.map(({ name }) => [name, none])));
  expect(await rowsThatDiffer(pool)).toEqual(noRowDiffers);
  expect(checks.right()).toBeGreaterThan(projections.length * facts.length);
  console.log(
    `${projections.length} read models built again under ${written} times enroll, cancel, enroll and pay: ${checks.right()} reads, none failed, none was wrong`,
  );
}, 300_000);
