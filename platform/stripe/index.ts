import type { Money } from '../../domain/_kernel/money.ts';
import { crossing } from '../crash-points/index.ts';
import { type Host, machine } from '../host/index.ts';
import { timeLimits } from '../time-limits.ts';
import {
  intentSchema,
  lineOf,
  type ObservedIntent,
  type ObservedLine,
  type ObservedRefund,
  type OurIds,
  observationOf,
  ourIds,
  parseAnswer,
  refundOf,
  refundSchema,
  statementLineSchema,
} from './answers.ts';
import { openStripeApi, type Patience, type StripeAccount, type StripeApi } from './api.ts';
import { StripeRefusedError, StripeUnavailableError, translate } from './errors.ts';
import { type StripeWebhook, verifyWebhook } from './webhook.ts';

export type { ObservedIntent, ObservedLine, ObservedRefund, OurIds } from './answers.ts';
export type { StripeApi } from './api.ts';
export * from './errors.ts';
export type { StripeWebhook } from './webhook.ts';

export type NewIntent = {
  readonly paymentId: string;
  readonly enrollmentId: string;
  readonly activityId: string;
  readonly amount: Money;
  readonly description: string;
  /**
   * Whether an earlier try may have made it more than a day ago: Stripe forgets keys after 24 h, so
   * it is then looked for by its metadata first. Costs a request.
   */
  readonly mayExist?: boolean;
  /** Epoch ms: an answer is there before it, or the call fails. Left out: as long as a try may take. */
  readonly deadline?: number;
};

export type IntentAtStripe = { readonly observed: ObservedIntent; readonly ids: OurIds };

export type StripeGateway = {
  /** Makes the PaymentIntent of a payment, or finds the one there is: the payment's id is the key. */
  createIntent(input: NewIntent): Promise<{ intentId: string; clientSecret: string }>;
  clientSecret(intentId: string, deadline?: number): Promise<string>;
  /** Null: Stripe has no such intent. */
  fetchIntent(intentId: string): Promise<IntentAtStripe | null>;
  /** By the metadata. Stripe's search lags behind by up to a minute. Null: there is none (yet). */
  findIntent(paymentId: string): Promise<IntentAtStripe | null>;
  /** Cancels it if that is still possible, and tells how it stands. */
  cancelIntent(intentId: string): Promise<IntentAtStripe | null>;
  /** Gives money back, once per refund id, however often and however late it is asked. */
  refund(input: {
    readonly refundId: string;
    readonly paymentId: string;
    readonly activityId: string;
    readonly intentId: string;
    readonly amount: Money;
  }): Promise<ObservedRefund>;
  fetchRefund(stripeRefundId: string): Promise<ObservedRefund | null>;
  /** Balance transactions from a moment on (Unix seconds), newest first, in pages. */
  listBalanceTransactions(page: {
    readonly createdFrom: number;
    readonly createdTo?: number;
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ lines: readonly ObservedLine[]; hasMore: boolean }>;
  /** Throws `WebhookRefusedError`. Secrets default to those of the configuration. */
  verifyWebhook(
    rawBody: Buffer,
    signature: string | undefined,
    secrets?: readonly string[],
  ): StripeWebhook;
};

export type StripeConfig = StripeAccount & { readonly stripeWebhookSecret: readonly string[] };

/** The gateway to the account that is configured. */
export function createStripeGateway(config: StripeConfig): StripeGateway {
  return gatewayTo(openStripeApi(config), config.stripeWebhookSecret, machine);
}

/**
 * The one way to Stripe. Every call that changes something has a key of ours, the same each time. The
 * clock of `host` is the one that deadlines go by.
 */
export function gatewayTo(
  stripe: StripeApi,
  webhookSecrets: readonly string[],
  host: Pick<Host, 'now' | 'after'>,
): StripeGateway {
  /** What a call may take in all. */
  const most = (deadline: number | undefined): number => {
    const { callMs, reserveMs } = timeLimits.stripe;
    if (deadline === undefined) return callMs;
    return Math.max(1, Math.min(callMs, deadline - host.now() - reserveMs));
  };
  /** What one try may take, so that two of them, and what follows on the answer, fit before it. */
  const within = (deadline: number | undefined): Patience => {
    if (deadline === undefined) return {};
    const { tryMs, reserveMs } = timeLimits.stripe;
    const left = deadline - host.now() - reserveMs;
    if (left <= 0) throw new StripeUnavailableError('there is no time left to ask Stripe');
    return { timeout: Math.max(1, Math.min(tryMs, Math.floor(left / 2))) };
  };
  /**
   * Ends in bounded time: the package's own limit is one of silence, and an answer that comes byte by
   * byte is never silent.
   */
  const call = async <T>(
    what: string,
    work: () => Promise<T>,
    mostMs: number = timeLimits.stripe.callMs,
  ): Promise<T> => {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const callOff = host.after(mostMs, () =>
      reject(new StripeUnavailableError(`no answer to ${what} within ${mostMs} ms`)),
    );
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      throw translate(what, error);
    } finally {
      callOff();
    }
  };
  const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof StripeRefusedError && error.code === 'resource_missing') return null;
      throw error;
    }
  };
  const asIntent = (answer: unknown, what: string): IntentAtStripe => {
    const intent = parseAnswer(intentSchema, answer, what);
    return { observed: observationOf(intent), ids: ourIds(intent.metadata) };
  };
  const asOpened = (answer: unknown, what: string) => {
    const { id, client_secret: clientSecret } = parseAnswer(intentSchema, answer, what);
    if (clientSecret === null) throw new StripeRefusedError('no_client_secret', what);
    return { intentId: id, clientSecret };
  };

  const fetchIntent = (intentId: string, deadline?: number): Promise<IntentAtStripe | null> => {
    const what = `fetch ${intentId}`;
    return orNull(
      call(
        what,
        async () =>
          asIntent(
            await crossing('stripe.fetch-intent', () =>
              stripe.retrieveIntent(intentId, within(deadline)),
            ),
            what,
          ),
        most(deadline),
      ),
    );
  };

  const findIntent = async (
    paymentId: string,
    deadline?: number,
  ): Promise<IntentAtStripe | null> => {
    const what = `find ${paymentId}`;
    const found = await call(
      what,
      () => stripe.searchIntents(paymentId, within(deadline)),
      most(deadline),
    );
    const intents = found.data.map((answer) => parseAnswer(intentSchema, answer, what));
    // More than one can only be after a key was forgotten; the one with money is the one that counts.
    const chosen = intents.find((intent) => intent.status === 'succeeded') ?? intents[0];
    return chosen === undefined ? null : fetchIntent(chosen.id, deadline);
  };

  const refundsOf = (intentId: string) =>
    call(`refunds of ${intentId}`, async () => {
      const { data } = await stripe.listRefunds(intentId);
      return data.map((refund) => refundOf(parseAnswer(refundSchema, refund, 'refund')));
    });

  const clientSecret = (intentId: string, deadline?: number): Promise<string> => {
    const what = `fetch ${intentId}`;
    return call(
      what,
      async () => {
        const found = await stripe.retrieveIntent(intentId, within(deadline));
        return asOpened(found, what).clientSecret;
      },
      most(deadline),
    );
  };

  return {
    createIntent: async ({
      paymentId,
      enrollmentId,
      activityId,
      amount,
      description,
      mayExist,
      deadline,
    }) => {
      const what = `create the intent of ${paymentId}`;
      const existing = mayExist === true ? await findIntent(paymentId, deadline) : null;
      if (existing !== null) {
        const { intentId } = existing.observed;
        return { intentId, clientSecret: await clientSecret(intentId, deadline) };
      }
      return call(
        what,
        async () => {
          const intent = await crossing('stripe.create-intent', () =>
            stripe.createIntent(
              {
                amount: amount.amount,
                currency: amount.currency.toLowerCase(),
                description,
                metadata: {
                  payment_id: paymentId,
                  enrollment_id: enrollmentId,
                  activity_id: activityId,
                },
              },
              paymentId,
              within(deadline),
            ),
          );
          return asOpened(intent, what);
        },
        most(deadline),
      );
    },
    clientSecret,
    fetchIntent: (intentId) => fetchIntent(intentId),
    findIntent: (paymentId) => findIntent(paymentId),
    cancelIntent: async (intentId) => {
      try {
        await call(`cancel ${intentId}`, () => stripe.cancelIntent(intentId, `${intentId}:cancel`));
      } catch (error) {
        // Paid or cancelled meanwhile: how it stands is what was asked.
        if (!(error instanceof StripeRefusedError)) throw error;
        if (error.code !== 'payment_intent_unexpected_state') throw error;
      }
      return fetchIntent(intentId);
    },
    refund: async ({ refundId, paymentId, activityId, intentId, amount }) => {
      const ofOurs = async () =>
        (await refundsOf(intentId)).find((refund) => refund.ids.refundId === refundId);
      // Asked first, because Stripe forgets the key after a day.
      const before = await ofOurs();
      if (before !== undefined) return before;
      const what = `refund ${refundId}`;
      return call(what, async () => {
        const metadata = { refund_id: refundId, payment_id: paymentId, activity_id: activityId };
        const order = { intentId, amount: amount.amount, metadata };
        const refund = await stripe.createRefund(order, refundId);
        return refundOf(parseAnswer(refundSchema, refund, what));
      });
    },
    fetchRefund: (stripeRefundId) => {
      const what = `fetch ${stripeRefundId}`;
      return orNull(
        call(what, async () =>
          refundOf(parseAnswer(refundSchema, await stripe.retrieveRefund(stripeRefundId), what)),
        ),
      );
    },
    listBalanceTransactions: ({ createdFrom, createdTo, after, limit }) =>
      call(
        'list balance transactions',
        async () => {
          const page = await crossing('stripe.list-statement', () =>
            stripe.listBalanceTransactions({ limit, createdFrom, createdTo, after }),
          );
          const lines = page.data.map((line) =>
            lineOf(parseAnswer(statementLineSchema, line, 'balance transaction')),
          );
          return { lines, hasMore: page.has_more };
        },
        2 * timeLimits.stripe.listMs,
      ),
    verifyWebhook: (rawBody, signature, secrets = webhookSecrets) =>
      verifyWebhook(rawBody, signature, secrets),
  };
}
