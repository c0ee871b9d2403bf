import type Stripe from 'stripe';
import { newId, nowSeconds } from '../ids.ts';
import { AVAILABLE_AFTER_SECONDS, cardFee } from '../settings.ts';
import type { Stored } from '../store/kinds.ts';
import type { Work } from '../store/work.ts';

/**
 * Every movement of the balance is one balance transaction and nothing else: `GET /v1/balance` is
 * their sum, so it cannot disagree with them.
 */
type Movement = {
  type: 'adjustment' | 'charge' | 'refund' | 'refund_failure';
  reportingCategory: string;
  amount: number;
  fee: number;
  currency: string;
  source: string | null;
  description: string | null;
  availableOn: number;
};

export function bookMovement(work: Work, movement: Movement): Stripe.BalanceTransaction {
  const body: Stripe.BalanceTransaction = {
    id: newId('txn'),
    object: 'balance_transaction',
    amount: movement.amount,
    available_on: movement.availableOn,
    balance_type: 'payments',
    created: nowSeconds(),
    currency: movement.currency,
    description: movement.description,
    exchange_rate: null,
    fee: movement.fee,
    fee_details:
      movement.fee === 0
        ? []
        : [
            {
              amount: movement.fee,
              application: null,
              currency: movement.currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ],
    net: movement.amount - movement.fee,
    reporting_category: movement.reportingCategory,
    source: movement.source,
    // Stored once and read through `statusAt`: time alone makes it available.
    status: 'pending',
    type: movement.type,
  };
  work.put('balance_transaction', { body, hidden: {} });
  return body;
}

/** Books a captured charge with its fee and tells about it, unless that has been done. */
export function settleCharge(work: Work, charge: Stored<'charge'>): void {
  if (charge.hidden.settle !== 'due') return;
  const { body } = charge;
  const availableOn =
    nowSeconds() + (charge.hidden.bypassPending === true ? 0 : AVAILABLE_AFTER_SECONDS);
  const transaction = bookMovement(work, {
    type: 'charge',
    reportingCategory: 'charge',
    amount: body.amount_captured,
    fee: cardFee(body.amount_captured, body.currency),
    currency: body.currency,
    source: body.id,
    description: body.description,
    availableOn,
  });
  body.balance_transaction = transaction.id;
  charge.hidden.availableOn = availableOn;
  delete charge.hidden.settle;
  work.put('charge', charge);
}

export function statusAt(
  transaction: Pick<Stripe.BalanceTransaction, 'available_on'>,
  now: number,
): string {
  return transaction.available_on <= now ? 'available' : 'pending';
}
