import { failRefund } from '../../commands/payment/fail-refund.ts';
import { recordStripeState } from '../../commands/payment/record-stripe-state.ts';
import { settleRefund } from '../../commands/payment/settle-refund.ts';
import type { EnrollmentId, PaymentId } from '../../domain/_kernel/ids.ts';
import { payment } from '../../domain/payment/state.ts';
import type { Logger } from '../../platform/log/index.ts';
import {
  type IntentAtStripe,
  type ObservedRefund,
  type StripeGateway,
  StripeRefusedError,
} from '../../platform/stripe/index.ts';
import { handle, type SideEffectCall, type SideEffectHandler } from '../_runtime/definition.ts';
import { type LogReader, readAggregate } from '../_runtime/read-aggregate.ts';
import { cancelPayment, lookUpPayment, refundPayment } from './effects.ts';
import { tellingOperators } from './tell-operators.ts';

type Deps = {
  readonly eventStore: LogReader;
  readonly gateway: Pick<StripeGateway, 'fetchIntent' | 'findIntent' | 'cancelIntent' | 'refund'>;
  readonly log: Logger;
};

type Send = SideEffectCall['send'];

/** What this saga does outside of the log: all of it at Stripe, all of it repeatable. */
export function paymentEffects(deps: Deps): Readonly<Record<string, SideEffectHandler>> {
  return {
    ...tellingOperators(deps),
    ...handle(lookUpPayment, async ({ payload, send }) => {
      const found = await findAtStripe(deps, payload.paymentId);
      if (found !== null) await record(send, payload, found);
    }),
    ...handle(cancelPayment, async ({ payload, send }) => {
      const found = await findAtStripe(deps, payload.paymentId);
      if (found === null) return;
      if (payload.onlyAtRest && moving.has(found.observed.status)) return;
      const cancelled = await deps.gateway.cancelIntent(found.observed.intentId);
      if (cancelled !== null) await record(send, payload, cancelled);
    }),
    ...handle(refundPayment, async ({ payload: { paymentId, refundId }, send }) => {
      const state = await readAggregate(deps.eventStore, payment, paymentId);
      if (state.status !== 'succeeded') return;
      const refund = state.refunds.find((candidate) => candidate.refundId === refundId);
      // Settled or failed already: this is a repeat.
      if (refund === undefined || refund.status !== 'requested') return;
      const { activityId, intentId } = state;
      const { amount } = refund;
      const order = { refundId, paymentId, activityId, intentId, amount };
      await recordRefund(send, order, await refundAtStripe(deps, order));
    }),
  };
}

/** The bank is asked just now: 3-D Secure, or a bank that takes its time. */
const moving: ReadonlySet<string> = new Set(['requires_action', 'processing']);

/** By the intent that is on record; without one (`pay` was cut) by the metadata. */
async function findAtStripe(
  { eventStore, gateway }: Deps,
  paymentId: PaymentId,
): Promise<IntentAtStripe | null> {
  const state = await readAggregate(eventStore, payment, paymentId);
  const intentId = state.status === 'none' ? null : state.intentId;
  return intentId === null ? gateway.findIntent(paymentId) : gateway.fetchIntent(intentId);
}

function record(
  send: Send,
  { paymentId, enrollmentId }: { paymentId: PaymentId; enrollmentId: EnrollmentId },
  { observed }: IntentAtStripe,
): Promise<void> {
  return send(recordStripeState, { paymentId }, { enrollmentId, observed });
}

type Order = Parameters<StripeGateway['refund']>[0];

/** A refusal of Stripe's is the refund's outcome: a person has to find another way. */
async function refundAtStripe({ gateway, log }: Deps, order: Order): Promise<ObservedRefund> {
  try {
    return await gateway.refund(order);
  } catch (error) {
    if (!(error instanceof StripeRefusedError)) throw error;
    log.error(
      { err: error, paymentId: order.paymentId, refundId: order.refundId },
      'Stripe refused a refund',
    );
    const none = { paymentId: null, enrollmentId: null, activityId: null, refundId: null };
    return {
      stripeRefundId: null,
      status: 'failed',
      code: error.code,
      balanceTransactionId: null,
      intentId: order.intentId,
      ids: none,
    };
  }
}

/** Folds what became of a refund. One that is pending is heard of by webhook, or asked for again. */
export async function recordRefund(
  send: Send,
  { paymentId, refundId }: { readonly paymentId: string; readonly refundId: string },
  refund: ObservedRefund,
): Promise<void> {
  const { stripeRefundId, balanceTransactionId, code, status } = refund;
  if (status === 'succeeded') {
    await send(settleRefund, { paymentId }, { refundId, stripeRefundId, balanceTransactionId });
  } else if (status === 'failed') {
    await send(failRefund, { paymentId }, { refundId, stripeRefundId, code });
  }
}
