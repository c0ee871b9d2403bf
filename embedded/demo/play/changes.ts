import { z } from 'zod';
import { payOne } from './pay.ts';
import { type Guest, look, overAll, type PlayedActivity, type Stage, seen } from './stage.ts';

const anything = z.object({});
const isRefunded = ({ amountPaid, amountRefunded }: Money): boolean =>
  amountPaid.amount === amountRefunded.amount;
type Money = {
  readonly amountPaid: { readonly amount: number };
  readonly amountRefunded: { readonly amount: number };
};

/** Some change their minds: their money goes back, and whoever waits longest moves up and pays. */
export async function cancelAndMoveUp(stage: Stage, guests: readonly Guest[]): Promise<void> {
  const leaving = guests.filter(({ behaviour }) => behaviour?.later === 'cancels');
  await overAll(stage, leaving, async (guest) => {
    await stage.platform.must({
      path: `/v1/enrollments/${guest.enrollmentId}/cancel`,
      body: {},
      key: `cancel|${guest.enrollmentId}`,
      shape: anything,
      by: guest.person,
    });
    await seen(
      stage,
      guest,
      'cancelled and refunded',
      (now) => now.status === 'cancelled' && isRefunded(now),
    );
  });
  const byActivity = Map.groupBy(leaving, ({ activity }) => activity);
  for (const [activity, left] of byActivity) await moveUp(stage, activity, left.length, guests);
}

/** As many as left move up, in the order in which they came. */
async function moveUp(
  stage: Stage,
  activity: PlayedActivity,
  left: number,
  guests: readonly Guest[],
): Promise<void> {
  if (!activity.plan.waitlist) return;
  const here = guests.filter((guest) => guest.activity === activity);
  const late = here.slice(activity.plan.capacity, activity.plan.capacity + left);
  for (const guest of late) {
    await seen(stage, guest, 'moved up', ({ status }) => status !== 'waitlisted');
    if (guest.signUp.pays === 'card') await payOne(stage, guest);
  }
}

/** The organiser calls an activity off: everybody gets the money back. */
export async function callOff(
  stage: Stage,
  activities: readonly PlayedActivity[],
  guests: readonly Guest[],
): Promise<PlayedActivity[]> {
  const off = stage.season.cancellations.flatMap((row) => {
    const activity = activities.find(({ plan }) => plan.title === row.activity);
    return activity === undefined ? [] : [{ activity, reason: row.why }];
  });
  for (const { activity, reason } of off) {
    await stage.platform.must({
      path: `/v1/activities/${activity.id}/cancel`,
      body: { reason },
      key: `call off|${activity.id}`,
      shape: anything,
      by: stage.staff,
    });
  }
  const called = off.map(({ activity }) => activity);
  const theirs = guests.filter(({ activity }) => called.includes(activity));
  await overAll(stage, theirs, async (guest) => {
    await seen(
      stage,
      guest,
      'called off and refunded',
      (now) => now.status !== 'held' && now.status !== 'confirmed' && isRefunded(now),
    );
  });
  return called;
}

/** Those who are in: whose seat is confirmed. */
export async function confirmed(stage: Stage, guests: readonly Guest[]): Promise<Guest[]> {
  const states = await Promise.all(guests.map((guest) => look(stage, guest)));
  return guests.filter((_guest, index) => states[index]?.status === 'confirmed');
}
