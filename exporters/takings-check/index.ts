import type { z } from 'zod';
import type { QueryContext, ReadDatabase } from '../../projections/_runtime/query.ts';
import { getReconciliation, listBreaks } from '../../projections/activity-reconciliation/query.ts';
import { allOf, exportContext, PAGE } from '../_runtime/read-models.ts';
import { oneActivity, publishedActivities } from '../participation-summary/index.ts';

/** Something our log differs in from Stripe's statement or the tills: a payment, a line, a till. */
export type TakingsBreak = z.output<typeof listBreaks.reply>['items'][number];

/** Amounts in minor units of `currency`. */
export type ActivityTakings = {
  readonly activityId: `act_${string}`;
  readonly title: string;
  readonly status: 'agrees' | 'open' | 'break';
  readonly payments: number;
  readonly takings: number;
  readonly refunds: number;
  readonly fees: number;
  readonly net: number;
  readonly difference: number;
  readonly currency: string;
};

export type TakingsCheck = {
  /** No difference anywhere, and nothing that waiting will not settle. */
  readonly agrees: boolean;
  /** Whether waiting may settle something: the statement comes a moment after the money. */
  readonly open: boolean;
  readonly activities: readonly ActivityTakings[];
  readonly breaks: readonly TakingsBreak[];
  /** Our log less statement and tills, in minor units, per currency; at least one. */
  readonly differences: readonly { readonly amount: number; readonly currency: string }[];
};

/**
 * Compares what our log says was taken with Stripe's statement and the tills, to the cent: of one
 * activity, or of all and of everything on the statement that belongs to none. Throws
 * `NotFoundError` for no activity.
 */
export async function checkTakings(options: {
  db: ReadDatabase;
  activityId?: `act_${string}`;
}): Promise<TakingsCheck> {
  const { db, activityId } = options;
  const context = exportContext(db, new Date().toISOString());
  const activities: ActivityTakings[] = [];
  const wanted =
    activityId === undefined ? publishedActivities(context) : oneActivity(context, activityId);
  for await (const { id, title } of wanted) {
    activities.push({ ...(await takingsOf(context, id)), title });
  }
  const breaks: TakingsBreak[] = [];
  for await (const one of allOf((cursor) =>
    listBreaks.run(context, { params: {}, query: { limit: PAGE, cursor } }),
  )) {
    if (activityId === undefined || one.activityId === activityId) breaks.push(one);
  }
  return judgeTakings(activities, breaks);
}

/** What activities and breaks come to. Pure. */
export function judgeTakings(
  activities: readonly ActivityTakings[],
  breaks: readonly TakingsBreak[],
): TakingsCheck {
  const known = new Set<string>(activities.map((activity) => activity.activityId));
  const sums = new Map<string, number>();
  const add = (amount: number, currency: string) =>
    sums.set(currency, (sums.get(currency) ?? 0) + amount);
  for (const { difference, currency } of activities) add(difference, currency);
  for (const { difference, activityId } of breaks) {
    // That of an activity is in the activity's own sum.
    if (activityId === null || !known.has(activityId)) add(difference.amount, difference.currency);
  }
  if (sums.size === 0) add(0, 'EUR');
  const differences = [...sums]
    .map(([currency, amount]) => ({ amount, currency }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1));
  const broken = breaks.some(({ status }) => status === 'break');
  // Each of them, too: one cent too much here and one too little there is no agreement.
  const differs = [
    ...activities,
    ...breaks.map(({ difference }) => ({ difference: difference.amount })),
  ];
  return {
    agrees: !broken && differs.every(({ difference }) => difference === 0),
    open: breaks.some(({ status }) => status === 'open'),
    ...{ activities, breaks, differences },
  };
}

async function takingsOf(
  context: QueryContext,
  activityId: `act_${string}`,
): Promise<Omit<ActivityTakings, 'title'>> {
  const found = await getReconciliation.run(context, {
    params: { activityId },
    query: { limit: 1 },
  });
  const { status, payments, takings, refunds, fees, net, difference } = found;
  return {
    ...{ activityId, status, payments, difference },
    takings: takings.amount,
    refunds: refunds.amount,
    fees: fees.amount,
    net: net.amount,
    currency: takings.currency,
  };
}
