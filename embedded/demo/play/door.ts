import { z } from 'zod';
import * as shapes from '../client/shapes.ts';
import type { Behaviour } from '../season.ts';
import { confirmed } from './changes.ts';
import {
  type EnrollmentSeen,
  type Guest,
  look,
  nameOf,
  overAll,
  type PlayedActivity,
  type Stage,
  say,
  seen,
} from './stage.ts';

/** Change in the till when the door opens, in cents. */
const FLOAT = 10_000;
const made = shapes.made;
const closed = z.object({ expected: shapes.money, counted: shapes.money });
const received = z.object({ amount: shapes.money });

/** The day of each activity: cash at the till, scans at the door, gifts inside. */
export async function openDoors(
  stage: Stage,
  activities: readonly PlayedActivity[],
  guests: readonly Guest[],
): Promise<void> {
  await overAll(stage, activities, async (activity) => {
    const here = guests.filter((guest) => guest.activity === activity);
    await takeCash(stage, activity, here);
    const coming = (await confirmed(stage, here)).filter(
      ({ behaviour }) => behaviour?.door !== 'absent',
    );
    for (const guest of coming) await scan(stage, guest);
    await handOutGifts(stage, activity, coming);
  });
}

async function takeCash(
  stage: Stage,
  activity: PlayedActivity,
  here: readonly Guest[],
): Promise<void> {
  const { platform, staff: by } = stage;
  const payers = here.filter(({ signUp }) => signUp.pays === 'cash');
  if (payers.length === 0) return;
  const till = await platform.must({
    path: '/v1/tills',
    body: { activityId: activity.id, float: { amount: FLOAT, currency: 'EUR' } },
    key: `till|${activity.id}`,
    shape: made,
    by,
  });
  let taken = 0;
  for (const guest of payers) {
    const paid = await platform.command({
      path: `/v1/enrollments/${guest.enrollmentId}/payments`,
      body: { method: 'cash', tillId: till.id },
      key: `cash|${guest.enrollmentId}`,
      shape: received,
      by,
    });
    if (!paid.done) {
      tell(stage, guest, `at the till: ${say(paid.refusal)}`);
      continue;
    }
    taken += paid.value.amount.amount;
    await seen(stage, guest, 'paid in cash', ({ ticket }) => ticket !== null);
  }
  // Counted to the cent: what a till lacks would be a break, and this season has none.
  await platform.must({
    path: `/v1/tills/${till.id}/close`,
    body: { counted: { amount: FLOAT + taken, currency: 'EUR' } },
    key: `count|${till.id}`,
    shape: closed,
    by,
  });
}

/**
 * The season is played long before its days, so a ticket is scanned as soon as it is there. Device and
 * nonce make the scan: played again it is the same one.
 */
async function scan(stage: Stage, guest: Guest): Promise<void> {
  const enrollment = await look(stage, guest);
  await scanOnce(stage, guest, { enrollment, nth: 1 });
  if (guest.behaviour?.door !== 'twice') return;
  const second = await scanOnce(stage, guest, { enrollment, nth: 2 });
  if (second !== null) tell(stage, guest, `the second scan: ${second}`);
}

type Scan = { readonly enrollment: EnrollmentSeen; readonly nth: 1 | 2 };

/** Null: admitted. */
async function scanOnce(
  { platform, staff: by }: Stage,
  { activity, enrollmentId }: Guest,
  { enrollment, nth }: Scan,
): Promise<string | null> {
  const nonce = `demo-${enrollmentId}-${nth}`;
  const scanned = await platform.command({
    path: `/v1/activities/${activity.id}/check-ins`,
    body: {
      ticket: enrollment.ticket,
      deviceId: `gate-${nth}`,
      // A repeat has to say the same moment.
      scannedAt: enrollment.confirmedAt,
      nonce,
    },
    key: nonce,
    shape: shapes.admitted,
    by,
  });
  return scanned.done ? null : say(scanned.refusal);
}

/** How often each tries the code they were given. */
const tries: Readonly<Record<Behaviour['gift'], number>> = { none: 0, once: 1, twice: 2 };

async function handOutGifts(
  stage: Stage,
  activity: PlayedActivity,
  guests: readonly Guest[],
): Promise<void> {
  const { platform, staff: by, season } = stage;
  const gift = season.gifts.find((each) => each.activity === activity.plan.title);
  if (gift === undefined) return;
  const { codes } = await platform.must({
    path: '/v1/gifts',
    body: { activityId: activity.id, item: gift.item, count: gift.count },
    key: `gifts|${activity.id}`,
    shape: shapes.gifts,
    by,
  });
  const takers = guests.filter(({ behaviour }) => tries[behaviour?.gift ?? 'none'] > 0);
  for (const [index, guest] of takers.entries()) {
    for (let nth = 1; nth <= tries[guest.behaviour?.gift ?? 'none']; nth += 1) {
      const redeemed = await platform.command({
        path: '/v1/gift-redemptions',
        body: { activityId: activity.id, code: codes[index] },
        key: `redeem|${guest.enrollmentId}|${nth}`,
        shape: shapes.redeemed,
        by: guest.person,
      });
      if (!redeemed.done) tell(stage, guest, `gift code, try ${nth}: ${say(redeemed.refusal)}`);
    }
  }
}

function tell(stage: Stage, guest: Guest, why: string): void {
  const { line, file } =
    guest.behaviour === null
      ? { line: guest.signUp.line, file: 'sign-ups.csv' }
      : { line: guest.behaviour.line, file: 'what-people-do.csv' };
  stage.turnedAway({ file, line, what: nameOf(guest.signUp), why });
}
