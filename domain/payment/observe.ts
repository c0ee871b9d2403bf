import type { Money } from '../_kernel/money.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Instant } from '../_kernel/time.ts';
import type { PaymentEvent } from './events.ts';
import { declineKey, type Payment, type PaymentState } from './state.ts';

/** A PaymentIntent as fetched from Stripe, with its latest charge and balance transaction. */
export type StripeObservation = {
  readonly intentId: string;
  readonly status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled';
  /** Minor units. */
  readonly amountReceived: number;
  /** As Stripe spells it (`eur`) or as we do. */
  readonly currency: string;
  readonly chargeId: string | null;
  readonly paidAt: Instant | null;
  /** Comes with the charge or some time after it. Fee and net in minor units of the payment's currency. */
  readonly balanceTransaction: {
    readonly id: string;
    readonly fee: number;
    readonly net: number;
  } | null;
  readonly decline: {
    readonly chargeId: string | null;
    readonly code: string;
    readonly declineCode: string | null;
  } | null;
  readonly cancellationReason: string | null;
};

type Known = Exclude<PaymentState, { status: 'none' | 'received' }>;
type Ids = Pick<Payment, 'paymentId' | 'enrollmentId' | 'activityId' | 'memberId'>;

export function foldObservation(state: Known, observed: StripeObservation): Decision<PaymentEvent> {
  const refusal = refusalOf(state.amount, observed);
  if (refusal !== null) return refusal;
  const { paymentId, enrollmentId, activityId, memberId } = state;
  const ids = { paymentId, enrollmentId, activityId, memberId };
  return [
    ...intentOf(state, observed, ids),
    ...declineOf(state, observed, ids),
    ...outcomeOf(state, observed, ids),
    ...feeOf(state, observed, ids),
  ];
}

function refusalOf(amount: Money, observed: StripeObservation): Rejection | null {
  const { status, amountReceived, chargeId, paidAt } = observed;
  const currency = observed.currency.toUpperCase();
  const paid = status === 'succeeded';
  if (currency !== amount.currency || (paid && amountReceived !== amount.amount)) {
    return rejected('amount-mismatch', 'Stripe took another amount than the payment is about.', {
      expected: amount,
      observed: { amount: amountReceived, currency },
    });
  }
  if (paid && (chargeId === null || paidAt === null)) {
    return rejected('incomplete-observation', 'A succeeded PaymentIntent comes with its charge.');
  }
  return null;
}

function intentOf(state: Known, { intentId }: StripeObservation, ids: Ids): PaymentEvent[] {
  return state.status === 'started'
    ? [{ type: 'PaymentIntentCreated', data: { ...ids, intentId } }]
    : [];
}

/** Once the payment came to an end, a decline that turns up is old news. */
function declineOf(state: Known, { decline }: StripeObservation, ids: Ids): PaymentEvent[] {
  if (decline === null || state.status === 'succeeded' || state.status === 'cancelled') return [];
  if (state.declines.includes(declineKey(decline))) return [];
  const { chargeId, code, declineCode } = decline;
  return [{ type: 'PaymentDeclined', data: { ...ids, chargeId, code, declineCode } }];
}

function outcomeOf(state: Known, observed: StripeObservation, ids: Ids): PaymentEvent[] {
  const { intentId, status, chargeId, paidAt } = observed;
  if (state.status === 'succeeded') return [];
  // Money wins over a cancellation: whatever we believed before, it is there.
  if (status === 'succeeded' && chargeId !== null && paidAt !== null) {
    const data = { ...ids, intentId, chargeId, amount: state.amount, paidAt };
    return [{ type: 'PaymentSucceeded', data }];
  }
  if (status === 'canceled' && state.status !== 'cancelled') {
    const data = { ...ids, intentId, reason: observed.cancellationReason };
    return [{ type: 'PaymentCancelled', data }];
  }
  return [];
}

function feeOf(state: Known, observed: StripeObservation, ids: Ids): PaymentEvent[] {
  const { status, balanceTransaction } = observed;
  if (balanceTransaction === null || state.balanceTransactionId !== null) return [];
  if (status !== 'succeeded') return [];
  const { currency } = state.amount;
  const { id: balanceTransactionId, fee, net } = balanceTransaction;
  return [
    {
      type: 'PaymentFeeCharged',
      data: {
        ...ids,
        balanceTransactionId,
        fee: { amount: fee, currency },
        net: { amount: net, currency },
      },
    },
  ];
}
