import { z } from 'zod';
import * as shapes from '../client/shapes.ts';
import { until } from '../client/wait.ts';
import {
  type Guest,
  look,
  overAll,
  PATIENCE_MS,
  type PlayedActivity,
  type Stage,
} from './stage.ts';

const cents = z.object({ amount: z.int(), currency: z.literal('EUR') });
const reconciliation = z.object({
  status: z.enum(['agrees', 'open', 'break']),
  takings: cents,
  refunds: cents,
  fees: cents,
  difference: z.int(),
  payments: z.int(),
});
const breakShape = z.object({
  kind: z.string(),
  status: z.enum(['open', 'break']),
  causes: z.array(z.string()),
  difference: cents,
  paymentId: z.string().nullable(),
  balanceTransactionId: z.string().nullable(),
  tillId: z.string().nullable(),
  activityId: z.string().nullable(),
});
const admittedShape = z.object({ enrollmentId: z.string(), admittedAt: z.string().nullable() });

export type Break = z.output<typeof breakShape>;

/** What an activity came to. Amounts in cents; `difference` is our books less Stripe and the tills. */
export type Settled = {
  readonly activity: PlayedActivity;
  readonly status: string;
  readonly confirmed: number;
  readonly admitted: number;
  readonly takings: number;
  readonly refunds: number;
  readonly fees: number;
  readonly difference: number;
};

/**
 * Waits until every activity's books are settled: each payment in them, and nothing that waiting may
 * still mend. A break is settled too: waiting does not mend it.
 */
export async function settle(
  stage: Stage,
  activities: readonly PlayedActivity[],
  guests: readonly Guest[],
): Promise<Settled[]> {
  const settled: Settled[] = [];
  await overAll(stage, activities, async (activity) => {
    const here = guests.filter((guest) => guest.activity === activity);
    const seen = await Promise.all(here.map((guest) => look(stage, guest)));
    const paying = seen.filter(({ amountPaid }) => amountPaid.amount > 0).length;
    const came = seen.filter(({ admittedAt }) => admittedAt !== null).length;
    const { platform, admin, staff } = stage;
    const books = await until(
      `the books of ${activity.plan.title}`,
      () => platform.read(`/v1/finance/reconciliation/${activity.id}`, reconciliation, admin),
      ({ status, payments }) => status !== 'open' && payments >= paying,
      PATIENCE_MS,
    );
    const roster = await until(
      `the roster of ${activity.plan.title}`,
      () => platform.list(`/v1/activities/${activity.id}/roster`, admittedShape, staff),
      (entries) => admittedOf(entries) >= came,
      PATIENCE_MS,
    );
    const { status, availability } = await platform.read(
      `/v1/activities/${activity.id}`,
      shapes.activity,
      staff,
    );
    settled.push({
      ...{ activity, status, confirmed: availability.confirmed, admitted: admittedOf(roster) },
      ...{ takings: books.takings.amount, refunds: books.refunds.amount },
      ...{ fees: books.fees.amount, difference: books.difference },
    });
  });
  return settled.sort((one, other) => one.activity.plan.line - other.activity.plan.line);
}

const admittedOf = (entries: readonly z.output<typeof admittedShape>[]): number =>
  entries.filter(({ admittedAt }) => admittedAt !== null).length;

/** Everything the books differ in from Stripe's statement and the tills, of this season and before. */
export function findBreaks({ platform, admin }: Pick<Stage, 'platform' | 'admin'>) {
  return platform.list('/v1/finance/breaks', breakShape, admin);
}

/** What all breaks come to, in cents. Two that make up for each other are two, and not none. */
export const sumOf = (breaks: readonly Break[]): number =>
  breaks.reduce((sum, { difference }) => sum + Math.abs(difference.amount), 0);

/**
 * Takes one cent from a payment on Stripe's statement, once, and waits until the books have found it:
 * for people who want to see that a difference of 0.00 means something.
 */
export async function plantBreak(stage: Stage, guests: readonly Guest[]): Promise<void> {
  const { stripe, admin } = stage;
  const victim = await firstPaidByCard(stage, guests);
  const lines = await stripe.balanceTransactions();
  if (!lines.some(({ type }) => type === 'adjustment')) {
    await stripe.adjust({
      amount: -1,
      charge: victim.charge,
      description: 'Planted by the demo: one cent less',
    });
  }
  await until(
    'the planted cent',
    () => findBreaks({ platform: stage.platform, admin }),
    (breaks) => breaks.some(({ paymentId }) => paymentId === victim.paymentId),
    PATIENCE_MS,
  );
}

type Victim = { readonly paymentId: string; readonly charge: string };

async function firstPaidByCard(stage: Stage, guests: readonly Guest[]): Promise<Victim> {
  const intents = await stage.stripe.intentsByEnrollment();
  for (const guest of guests) {
    const intent = intents.get(guest.enrollmentId)?.find(({ status }) => status === 'succeeded');
    const { payment } = await look(stage, guest);
    if (intent?.latest_charge != null && payment !== null) {
      return { paymentId: payment.id, charge: intent.latest_charge };
    }
  }
  throw new Error('nobody has paid by card: there is no payment to take a cent from');
}
