import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import Stripe from 'stripe';
import { timeLimits } from '../time-limits.ts';

type Page = { readonly data: readonly unknown[]; readonly has_more: boolean };
type Charge = {
  readonly amount: number;
  /** As Stripe spells it: `eur`. */
  readonly currency: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
};
type Refund = {
  readonly intentId: string;
  readonly amount: number;
  readonly metadata: Readonly<Record<string, string>>;
};

/** What one try of a call may take, in milliseconds; left out: the usual. */
export type Patience = { readonly timeout?: number };

/**
 * The calls that we make of Stripe's API. Answers are Stripe's own objects, unchecked; errors are
 * those of the `stripe` package. What changes something takes our idempotency key.
 */
export type StripeApi = {
  createIntent(charge: Charge, key: string, patience?: Patience): Promise<unknown>;
  retrieveIntent(intentId: string, patience?: Patience): Promise<unknown>;
  /** By `payment_id` in the metadata. */
  searchIntents(paymentId: string, patience?: Patience): Promise<Pick<Page, 'data'>>;
  cancelIntent(intentId: string, key: string): Promise<unknown>;
  createRefund(refund: Refund, key: string): Promise<unknown>;
  retrieveRefund(refundId: string): Promise<unknown>;
  listRefunds(intentId: string): Promise<Pick<Page, 'data'>>;
  listBalanceTransactions(page: {
    readonly limit: number;
    readonly createdFrom: number;
    readonly createdTo?: number | undefined;
    readonly after?: string | undefined;
  }): Promise<Page>;
};

export type StripeAccount = {
  readonly stripeSecretKey: string;
  /** Where the API is; undefined: Stripe itself. */
  readonly stripeApiBase?: string | undefined;
};

const limits = timeLimits.stripe;

const EXPAND = ['latest_charge.balance_transaction'];

function clientOf({ stripeSecretKey, stripeApiBase }: StripeAccount): Stripe {
  const base = stripeApiBase === undefined ? undefined : new URL(stripeApiBase);
  const protocol = base?.protocol === 'http:' ? 'http' : 'https';
  const agent = { keepAlive: true, timeout: limits.idleMs };
  return new Stripe(stripeSecretKey, {
    // One more try at most, under our own keys: whoever calls us has a deadline and tries again.
    maxNetworkRetries: 1,
    timeout: limits.tryMs,
    httpAgent: protocol === 'http' ? new HttpAgent(agent) : new HttpsAgent(agent),
    telemetry: false,
    ...(base === undefined
      ? {}
      : { protocol, host: base.hostname, port: base.port || (protocol === 'http' ? 80 : 443) }),
  });
}

/** Stripe's API through its own package. */
export function openStripeApi(account: StripeAccount): StripeApi {
  const stripe = clientOf(account);
  return {
    createIntent: ({ amount, currency, description, metadata }, idempotencyKey, patience) =>
      stripe.paymentIntents.create(
        {
          ...{ amount, currency, description, metadata },
          // Cards only: nothing that sends the payer elsewhere, so confirming needs no return_url.
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        },
        { idempotencyKey, ...patience },
      ),
    retrieveIntent: (intentId, patience) =>
      stripe.paymentIntents.retrieve(intentId, { expand: EXPAND }, patience),
    searchIntents: (paymentId, patience) =>
      stripe.paymentIntents.search(
        { query: `metadata['payment_id']:'${paymentId}'`, limit: 10 },
        patience,
      ),
    cancelIntent: (intentId, idempotencyKey) =>
      stripe.paymentIntents.cancel(
        intentId,
        { cancellation_reason: 'abandoned' },
        { idempotencyKey },
      ),
    createRefund: ({ intentId, amount, metadata }, idempotencyKey) =>
      stripe.refunds.create(
        { payment_intent: intentId, amount, reason: 'requested_by_customer', metadata },
        { idempotencyKey },
      ),
    retrieveRefund: (refundId) => stripe.refunds.retrieve(refundId),
    listRefunds: (intentId) => stripe.refunds.list({ payment_intent: intentId, limit: 100 }),
    listBalanceTransactions: ({ limit, createdFrom, createdTo, after }) =>
      stripe.balanceTransactions.list(
        {
          limit,
          created: { gte: createdFrom, ...(createdTo === undefined ? {} : { lte: createdTo }) },
          expand: ['data.source'],
          ...(after === undefined ? {} : { starting_after: after }),
        },
        { timeout: limits.listMs },
      ),
  };
}
