import { expect } from 'vitest';
import { inParallel, until } from '../../embedded/demo/client/wait.ts';
import type { Driver, Enrollment, Person } from '../acceptance/driver.ts';
import { balanceOf, journal, untilBooksAgree, untilReconciled } from '../acceptance/finance.ts';
import type { PartName, TestPlatform } from '../support/platform.ts';
import { type Flow, runFlows } from './flows.ts';

/** Every paid seat has to be confirmed within this time of the payment, restart included. */
const CONFIRMED_WITHIN_MS = 60_000;

/**
 * One round: flows start, each part is killed in its turn while they run, it comes back by itself,
 * the clients repeat what they have no answer to, and then everything is counted.
 */
export async function killRound(
  { platform, driver, staff, members }: Stage,
  parts: readonly PartName[],
  count: number,
): Promise<void> {
  const { id: activityId } = await driver.openActivity(staff, {
    ...{ title: `Killing ${parts.join(', ')}`, capacity: count, seatsPerMember: 1000 },
  });
  const backAfter: string[] = [];
  const killAndWait = async (part: PartName) => {
    const killedAt = performance.now();
    // Asked for first, so that a quick restart is not missed.
    const back = platform.restarted(part);
    platform.kill(part, 'SIGKILL');
    await back;
    backAfter.push(`${part} after ${Math.round(performance.now() - killedAt)} ms`);
  };
  const left = [...parts];
  let kills = Promise.resolve();
  const { flows, trouble } = await runFlows(driver, {
    ...{ activityId, members, count },
    width: 16,
    onPaid: (paid) => {
      // One part: when half have paid; three: at each quarter.
      const due = Math.ceil((count * (parts.length - left.length + 1)) / (parts.length + 1));
      const part = paid >= due ? left.shift() : undefined;
      if (part !== undefined) kills = kills.then(() => killAndWait(part));
    },
  });
  await kills;
  expect(backAfter).toHaveLength(parts.length);
  const { slowest, charges, mails } = await countAll({ driver, staff }, { activityId, flows });
  console.log(
    `kill -9 in the middle of ${count} flows, back: ${backAfter.join(', ')}; ` +
      `${trouble.cut} cut, ${trouble.unavailable} times 503; ` +
      `slowest confirmation ${Math.round(slowest)} ms after its payment; ${charges} charges, ${mails} mails`,
  );
}

export type Stage = {
  readonly platform: TestPlatform;
  readonly driver: Driver;
  readonly staff: Person;
  readonly members: readonly Person[];
};

/**
 * The oracle: each flow was acknowledged, charged, seated, mailed and booked once. `free`: the places
 * that nobody took.
 */
export async function countAll(
  { driver, staff }: Pick<Stage, 'driver' | 'staff'>,
  { activityId, flows, free = 0 }: { activityId: string; flows: readonly Flow[]; free?: number },
): Promise<{ slowest: number; charges: number; mails: number }> {
  const slowest = await allConfirmed(driver, flows);
  await acknowledgedOnce(driver, staff, { activityId, flows, free });
  const charges = await chargedOnce(driver, flows);
  const mails = await mailedEach(driver, flows);
  await untilBooksAgree(driver, 30_000);
  const lines = await journal(driver, { activityId });
  expect(balanceOf(lines)).toBe(0);
  expect(balanceOf(lines, 'activity-revenue')).toBe(-2500 * flows.length);
  expect(await untilReconciled(driver, activityId, 30_000)).toMatchObject({
    ...{ payments: flows.length, takings: { amount: 2500 * flows.length }, difference: 0 },
  });
  return { slowest, charges, mails };
}

/** Gives how long the slowest took from the money to the confirmation. */
async function allConfirmed(driver: Driver, flows: readonly Flow[]): Promise<number> {
  const took = await inParallel(flows, 16, async ({ member, enrollmentId, paidAt }) => {
    const ask = () =>
      driver.enrollment(member, enrollmentId).catch((error: Error): Enrollment | Error => error);
    const confirmed = (each: Enrollment | Error) =>
      !(each instanceof Error) && each.status === 'confirmed';
    await until(`paid seat ${enrollmentId}`, ask, confirmed, CONFIRMED_WITHIN_MS);
    return performance.now() - paidAt;
  });
  return Math.max(...took);
}

/** Each acknowledged command is there, once, and a repeat gets the same answer. */
async function acknowledgedOnce(
  driver: Driver,
  staff: Person,
  { activityId, flows, free }: { activityId: string; flows: readonly Flow[]; free: number },
): Promise<void> {
  const ids = flows.map(({ enrollmentId }) => enrollmentId).sort();
  expect(new Set(ids).size).toBe(flows.length);
  const { availability } = await driver.activity(activityId);
  expect(availability).toMatchObject({ confirmed: flows.length, held: 0, free });
  const entries = await driver.roster(staff, activityId);
  expect(entries.map(({ enrollmentId }) => enrollmentId).sort()).toEqual(ids);
  expect(new Set(entries.map(({ status }) => status))).toEqual(new Set(['confirmed']));
  await inParallel(flows, 16, async ({ enroll: { path, body, by, answer } }) => {
    const again = await driver.command(path, body, by);
    expect([again.status, again.text]).toEqual([answer.status, answer.text]);
    expect(again.headers['idempotency-hit']).toBe('true');
  });
}

/** One PaymentIntent for each enrollment, succeeded. */
async function chargedOnce(driver: Driver, flows: readonly Flow[]): Promise<number> {
  const intents = await driver.stripe.intentsByEnrollment();
  const charges = flows.map(({ enrollmentId }) =>
    (intents.get(enrollmentId) ?? []).map(({ status, amount }) => `${status} ${amount}`),
  );
  expect(charges).toEqual(flows.map(() => ['succeeded 2500']));
  return charges.flat().length;
}

/**
 * A mail for each, under a Message-ID of its own. SMTP cannot say "once": killed between the mail
 * server's yes and our record of it, a mail goes out a second time under the same Message-ID.
 */
async function mailedEach(driver: Driver, flows: readonly Flow[]): Promise<number> {
  const ids = flows.map(({ enrollmentId }) => enrollmentId);
  const find = async () => {
    const sent = (await driver.mails()).map(({ messageId }) => messageId ?? '');
    return sent.filter((messageId) => ids.some((id) => messageId.includes(id)));
  };
  const found = await until(
    'a mail for each',
    find,
    (sent) => new Set(sent).size >= flows.length,
    CONFIRMED_WITHIN_MS,
  );
  expect(new Set(found).size).toBe(flows.length);
  return found.length;
}
