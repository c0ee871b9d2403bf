import { defineAggregate } from '../_kernel/aggregate.ts';
import type { EventOf } from '../_kernel/event.ts';
import { impossible } from '../_kernel/history.ts';
import type {
  ActivityId,
  EnrollmentId,
  MemberId,
  PaymentId,
  RefundId,
  TillId,
} from '../_kernel/ids.ts';
import type { Money } from '../_kernel/money.ts';
import {
  type CashPaymentReceived,
  type PaymentEvent,
  type PaymentStarted,
  paymentEvents,
  type RefundRequested,
} from './events.ts';

export type Refund = {
  readonly refundId: RefundId;
  readonly amount: Money;
  readonly cause: EventOf<typeof RefundRequested>['data']['cause'];
  readonly status: 'requested' | 'settled' | 'failed';
  /** The till that paid it out; null: none did (yet, or it went back by card). */
  readonly tillId: TillId | null;
};

export type Payment = {
  readonly paymentId: PaymentId;
  readonly enrollmentId: EnrollmentId;
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
  readonly method: EventOf<typeof PaymentStarted>['data']['method'] | 'cash';
  readonly amount: Money;
  readonly intentId: string | null;
  readonly chargeId: string | null;
  readonly balanceTransactionId: string | null;
  /** What was declined, by `declineKey`: each decline is told once. */
  readonly declines: readonly string[];
  readonly refunds: readonly Refund[];
};

export type PaymentState =
  | { readonly status: 'none' }
  /** We opened it; whether Stripe has an intent for it is not known yet. */
  | (Payment & { readonly status: 'started' })
  | (Payment & { readonly status: 'open'; readonly intentId: string })
  | (Payment & {
      readonly status: 'succeeded';
      readonly intentId: string;
      readonly chargeId: string;
    })
  | (Payment & { readonly status: 'cancelled'; readonly intentId: string })
  /** In cash: there never was a PaymentIntent. */
  | (Payment & { readonly status: 'received'; readonly tillId: TillId });

/** One attempt to take money for an enrollment, as far as we know what Stripe did. */
export const payment = defineAggregate({ events: paymentEvents, initial, evolve });

/** A decline is told apart by its charge; one without a charge (failed authentication) by its codes. */
export function declineKey(decline: {
  readonly chargeId: string | null;
  readonly code: string;
  readonly declineCode: string | null;
}): string {
  return decline.chargeId ?? `${decline.code}/${decline.declineCode ?? ''}`;
}

function initial(): PaymentState {
  return { status: 'none' };
}

function evolve(state: PaymentState, event: PaymentEvent): PaymentState {
  if (event.type === 'PaymentStarted' || event.type === 'CashPaymentReceived') {
    return state.status === 'none' ? begun(event) : impossible(event, state.status);
  }
  if (state.status === 'none') return impossible(event, state.status);
  return change(state, event);
}

function begun(
  event: EventOf<typeof PaymentStarted> | EventOf<typeof CashPaymentReceived>,
): PaymentState {
  const nothingYet = {
    intentId: null,
    chargeId: null,
    balanceTransactionId: null,
    declines: [],
    refunds: [],
  };
  return event.type === 'PaymentStarted'
    ? { ...event.data, ...nothingYet, status: 'started' }
    : { ...event.data, ...nothingYet, method: 'cash', status: 'received' };
}

function change(
  state: Exclude<PaymentState, { status: 'none' }>,
  event: Exclude<PaymentEvent, { type: 'PaymentStarted' | 'CashPaymentReceived' }>,
): PaymentState {
  switch (event.type) {
    case 'PaymentIntentCreated':
      return { ...state, status: 'open', intentId: event.data.intentId };
    case 'PaymentSucceeded': {
      const { intentId, chargeId } = event.data;
      return { ...state, status: 'succeeded', intentId, chargeId };
    }
    case 'PaymentFeeCharged':
      return { ...state, balanceTransactionId: event.data.balanceTransactionId };
    case 'PaymentDeclined':
      return { ...state, declines: [...state.declines, declineKey(event.data)] };
    case 'PaymentCancelled':
      return { ...state, status: 'cancelled', intentId: event.data.intentId };
    case 'RefundRequested': {
      const { refundId, amount, cause } = event.data;
      return {
        ...state,
        refunds: [...state.refunds, { refundId, amount, cause, status: 'requested', tillId: null }],
      };
    }
    case 'RefundSettled':
      return { ...state, refunds: refunded(state.refunds, event.data.refundId, 'settled') };
    case 'RefundFailed':
      return { ...state, refunds: refunded(state.refunds, event.data.refundId, 'failed') };
    case 'CashRefundPaidOut': {
      const { refundId, tillId } = event.data;
      return { ...state, refunds: refunded(state.refunds, refundId, 'settled', tillId) };
    }
  }
}

function refunded(
  refunds: readonly Refund[],
  refundId: RefundId,
  status: Refund['status'],
  tillId: TillId | null = null,
): readonly Refund[] {
  return refunds.map((refund) =>
    refund.refundId === refundId ? { ...refund, status, tillId } : refund,
  );
}
