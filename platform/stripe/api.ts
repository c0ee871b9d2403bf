import Stripe from 'stripe';

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

/**
 * The calls that we make of Stripe's API. Answers are Stripe's own objects, unchecked; errors are
 * those of the `stripe` package. What changes something takes our idempotency key.
 */
export type StripeApi = {
  createIntent(charge: Charge, key: string): Promise<unknown>;
  retrieveIntent(intentId: string): Promise<unknown>;
  /** By `payment_id` in the metadata. */
  searchIntents(paymentId: string): Promise<Pick<Page, 'data'>>;
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

/** Everything we ask is small and quick; a minute of waiting would hold up those behind. */
const TIMEOUT_MS = 10_000;

const EXPAND = ['latest_charge.balance_transaction'];

function clientOf({ stripeSecretKey, stripeApiBase }: StripeAccount): Stripe {
  const base = stripeApiBase === undefined ? undefined : new URL(stripeApiBase);
  const protocol = base?.protocol === 'http:' ? 'http' : 'https';
  return new Stripe(stripeSecretKey, {
    // One more try at most, under our own keys: whoever calls us has a deadline and tries again.
    maxNetworkRetries: 1,
    timeout: TIMEOUT_MS,
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
    createIntent: ({ amount, currency, description, metadata }, idempotencyKey) =>
      stripe.paymentIntents.create(
        {
          ...{ amount, currency, description, metadata },
          // Cards only: nothing that sends the payer elsewhere, so confirming needs no return_url.
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        },
        { idempotencyKey },
      ),
    retrieveIntent: (intentId) => stripe.paymentIntents.retrieve(intentId, { expand: EXPAND }),
    searchIntents: (paymentId) =>
      stripe.paymentIntents.search({ query: `metadata['payment_id']:'${paymentId}'`, limit: 10 }),
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
      stripe.balanceTransactions.list({
        limit,
        created: { gte: createdFrom, ...(createdTo === undefined ? {} : { lte: createdTo }) },
        expand: ['data.source'],
        ...(after === undefined ? {} : { starting_after: after }),
      }),
  };
}
