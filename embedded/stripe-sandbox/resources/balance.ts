import type { PoolClient } from 'pg';
import type Stripe from 'stripe';
import { z } from 'zod';
import { resourceMissing } from '../http/errors.ts';
import { currency, expand, page, text } from '../http/params.ts';
import { type Route, route } from '../http/route.ts';
import { nowSeconds } from '../ids.ts';
import { statusAt } from './ledger.ts';
import { equals, listObjects } from './list.ts';

const ROOT = '/v1/balance_transactions';

export const balanceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/balance',
    access: 'secret',
    params: z.strictObject(expand),
    handle: async ({ work }) => ({ body: await readBalance(work.client) }),
  }),
  route({
    method: 'GET',
    path: ROOT,
    access: 'secret',
    params: z.strictObject({
      ...page,
      currency: currency().optional(),
      payout: text(255).optional(),
      source: text(255).optional(),
      type: text(50).optional(),
    }),
    handle: async ({ work, params }) => {
      const reply = await listObjects(
        work.client,
        'balance_transaction',
        params,
        [
          ...equals('currency', params.currency),
          ...equals('source', params.source),
          ...equals('type', params.type),
          // No payouts yet, so none has transactions.
          ...(params.payout === undefined
            ? []
            : [{ sql: "hidden->>'payout' = ?", value: params.payout }]),
        ],
        ROOT,
      );
      return { body: { ...reply.body, data: reply.body.data.map(asOfNow) } };
    },
  }),
  route({
    method: 'GET',
    path: `${ROOT}/:id`,
    access: 'secret',
    params: z.strictObject(expand),
    handle: async ({ work, id }) => {
      const transaction = await work.find('balance_transaction', id);
      if (transaction === undefined) throw resourceMissing('balance transaction', id);
      return { body: asOfNow(transaction.body) };
    },
  }),
];

const asOfNow = (transaction: Stripe.BalanceTransaction): Stripe.BalanceTransaction => ({
  ...transaction,
  status: statusAt(transaction, nowSeconds()),
});

/** The sum of all balance transactions, by currency and by whether they are available yet. */
export async function readBalance(client: Pick<PoolClient, 'query'>): Promise<Stripe.Balance> {
  const { rows } = await client.query<{ currency: string; available: string; pending: string }>(
    `SELECT body->>'currency' AS currency,
            coalesce(sum((body->>'net')::bigint)
              FILTER (WHERE (body->>'available_on')::bigint <= $1), 0) AS available,
            coalesce(sum((body->>'net')::bigint)
              FILTER (WHERE (body->>'available_on')::bigint > $1), 0) AS pending
       FROM stripe_sandbox.objects
      WHERE object = 'balance_transaction'
      GROUP BY 1 ORDER BY 1`,
    [nowSeconds()],
  );
  const entry = (amount: string, currency: string) => ({
    amount: Number(amount),
    currency,
    source_types: { card: Number(amount) },
  });
  return {
    object: 'balance',
    available: rows.map((row) => entry(row.available, row.currency)),
    livemode: false,
    pending: rows.map((row) => entry(row.pending, row.currency)),
  };
}
