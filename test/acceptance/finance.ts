import { z } from 'zod';
import { money } from '../../embedded/demo/client/shapes.ts';
import { until } from '../../embedded/demo/client/wait.ts';
import { type Driver, good, parsed } from './driver.ts';

const line = z.object({
  account: z.string(),
  debit: z.int().min(0),
  credit: z.int().min(0),
  currency: z.literal('EUR'),
  eventType: z.string(),
  enrollmentId: z.string().nullable(),
});
const journalPage = z.object({ items: z.array(line), nextCursor: z.string().nullable() });
const reconciliation = z.object({
  status: z.enum(['agrees', 'open', 'break']),
  takings: money,
  refunds: money,
  fees: money,
  difference: z.int(),
  payments: z.int(),
  openItems: z.int(),
  breaks: z.int(),
});

export type Line = z.output<typeof line>;
export type Reconciliation = z.output<typeof reconciliation>;

/** The whole journal, or that of one activity, page by page as finance pulls it. */
export async function journal(
  driver: Driver,
  options: { activityId?: string; consistency?: string } = {},
): Promise<Line[]> {
  const { token } = await driver.admin();
  const { activityId, consistency } = options;
  const lines: Line[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: '200' });
    if (activityId !== undefined) query.set('activityId', activityId);
    if (cursor !== null) query.set('cursor', cursor);
    const by = { token, ...(consistency === undefined ? {} : { consistency }) };
    const answer = await driver.read(`/v1/finance/journal?${query.toString()}`, by);
    const page: z.output<typeof journalPage> = parsed(journalPage, good('journal', answer));
    lines.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return lines;
}

/** Debits minus credits: what the account holds, in cents. */
export function balanceOf(lines: readonly Line[], account?: string): number {
  return lines
    .filter((each) => account === undefined || each.account === account)
    .reduce((sum, { debit, credit }) => sum + debit - credit, 0);
}

/** Waits until the activity's takings agree with Stripe's statement, which comes a moment later. */
export async function untilReconciled(
  driver: Driver,
  activityId: string,
  patienceMs = 15_000,
): Promise<Reconciliation> {
  const { token } = await driver.admin();
  const path = `/v1/finance/reconciliation/${activityId}`;
  return until(
    'the reconciliation',
    async () => parsed(reconciliation, good('reconciliation', await driver.read(path, { token }))),
    ({ status, difference }) => status === 'agrees' && difference === 0,
    patienceMs,
  );
}

/**
 * At rest our books and Stripe agree: journal in balance, the clearing account holds what Stripe
 * says it owes us. Fees and statement lines follow the money by a moment, so this waits for them.
 */
export async function untilBooksAgree(driver: Driver, patienceMs = 15_000): Promise<void> {
  await until(
    'journal and balance at Stripe',
    async () => {
      const [lines, stripe] = await Promise.all([journal(driver), driver.stripe.balanceInEur()]);
      return { journal: balanceOf(lines), ours: balanceOf(lines, 'stripe-clearing'), stripe };
    },
    ({ ours, stripe }) => ours === stripe,
    patienceMs,
  ).then(({ journal: sum }) => {
    if (sum !== 0) throw new Error(`the journal does not sum to zero: ${sum}`);
  });
}
