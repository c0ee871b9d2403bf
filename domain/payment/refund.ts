import type { RefundId, TillId } from '../_kernel/ids.ts';
import type { Money } from '../_kernel/money.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { PaymentEvent } from './events.ts';
import type { Payment, PaymentState, Refund } from './state.ts';

type Decided = Decision<PaymentEvent>;
type Paid = Extract<PaymentState, { status: 'succeeded' | 'received' }>;

export type RequestRefund = {
  readonly refundId: RefundId;
  readonly amount: Money;
  readonly cause: Refund['cause'];
};

/** What was asked for counts at once, so two requests together can never give back too much. */
export function requestRefund(state: PaymentState, input: RequestRefund): Decided {
  switch (state.status) {
    case 'none':
      return rejected('not-found', 'There is no such payment.');
    case 'started':
    case 'open':
    case 'cancelled':
      return notPaid();
    case 'succeeded':
    case 'received':
      return refundOf(state, input.refundId) === undefined ? request(state, input) : [];
  }
}

function request(state: Paid, { refundId, amount, cause }: RequestRefund): Decided {
  const refundable = refundableOf(state);
  if (amount.amount < 1) {
    return rejected('nothing-to-refund', 'A refund is at least one minor unit.', { amount });
  }
  if (amount.currency !== refundable.currency || amount.amount > refundable.amount) {
    return rejected('refund-exceeds-payment', 'More than what is left of the payment.', {
      amount,
      refundable,
    });
  }
  return [{ type: 'RefundRequested', data: { ...refundIds(state), refundId, amount, cause } }];
}

export type SettleRefund = {
  readonly refundId: RefundId;
  readonly stripeRefundId: string;
  readonly balanceTransactionId: string | null;
};

export function settleRefund(state: PaymentState, input: SettleRefund): Decided {
  const { refundId, stripeRefundId, balanceTransactionId } = input;
  return onRefund(state, refundId, (paid, { status, amount }) => {
    switch (status) {
      case 'requested': {
        const refund = { ...refundIds(paid), refundId, amount };
        return [
          { type: 'RefundSettled', data: { ...refund, stripeRefundId, balanceTransactionId } },
        ];
      }
      case 'settled':
      // A refund can fail after it succeeded, never the other way round: this is old news.
      case 'failed':
        return [];
    }
  });
}

export type FailRefund = {
  readonly refundId: RefundId;
  readonly stripeRefundId: string | null;
  readonly code: string;
};

/** Banks send money back days after Stripe called a refund succeeded, so a settled one can fail too. */
export function failRefund(state: PaymentState, input: FailRefund): Decided {
  const { refundId, stripeRefundId, code } = input;
  return onRefund(state, refundId, (paid, { status, amount }) => {
    switch (status) {
      case 'requested':
      case 'settled': {
        const refund = { ...refundIds(paid), refundId, amount };
        return [{ type: 'RefundFailed', data: { ...refund, stripeRefundId, code } }];
      }
      case 'failed':
        return [];
    }
  });
}

export type PayOutRefund = { readonly refundId: RefundId; readonly tillId: TillId };

/** The cash of a refund left a till. Only one till is believed. */
export function payOutRefund(state: PaymentState, { refundId, tillId }: PayOutRefund): Decided {
  switch (state.status) {
    case 'none':
    case 'started':
    case 'open':
    case 'cancelled':
      return unknownRefund(refundId);
    case 'succeeded':
      return rejected('paid-by-card', 'The payment was by card: Stripe gives it back.');
    case 'received': {
      const refund = refundOf(state, refundId);
      if (refund === undefined) return unknownRefund(refundId);
      if (refund.status === 'requested') {
        const { amount } = refund;
        return [
          { type: 'CashRefundPaidOut', data: { ...refundIds(state), refundId, amount, tillId } },
        ];
      }
      return refund.tillId === tillId
        ? []
        : rejected('already-paid-out', 'Another till paid this refund out.', {
            tillId: refund.tillId,
          });
    }
  }
}

/** What can still go back: the captured amount less every refund that has not failed. */
export function refundableOf({ amount, refunds }: Payment): Money {
  const gone = refunds
    .filter((refund) => refund.status !== 'failed')
    .reduce((sum, refund) => sum + refund.amount.amount, 0);
  return { amount: amount.amount - gone, currency: amount.currency };
}

function onRefund(
  state: PaymentState,
  refundId: RefundId,
  decide: (paid: Paid, refund: Refund) => Decided,
): Decided {
  switch (state.status) {
    case 'none':
    case 'started':
    case 'open':
    case 'cancelled':
      return unknownRefund(refundId);
    case 'succeeded': {
      const refund = refundOf(state, refundId);
      return refund === undefined ? unknownRefund(refundId) : decide(state, refund);
    }
    case 'received':
      return paidInCash();
  }
}

function refundOf({ refunds }: Payment, refundId: RefundId): Refund | undefined {
  return refunds.find((refund) => refund.refundId === refundId);
}

function refundIds({ paymentId, enrollmentId, activityId, memberId }: Payment) {
  return { paymentId, enrollmentId, activityId, memberId };
}

export function paidInCash(): Rejection {
  return rejected('paid-in-cash', 'The payment was made in cash: Stripe knows nothing of it.');
}

function notPaid(): Rejection {
  return rejected('not-paid', 'Nothing was captured that could go back.');
}

function unknownRefund(refundId: RefundId): Rejection {
  return rejected('refund-not-found', 'The payment has no such refund.', { refundId });
}
