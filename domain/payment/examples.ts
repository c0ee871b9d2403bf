import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { deriveId } from '../_kernel/ids.ts';
import {
  failRefund,
  payOutRefund,
  receiveCash,
  recordIntent,
  recordStripeState,
  requestRefund,
  type StripeObservation,
  settleRefund,
  startPayment,
} from './decide.ts';
import type { PaymentEvent } from './events.ts';
import { payment } from './state.ts';

const { paymentId, enrollmentId, activityId, memberId, refundId } = exampleIds;
export const ids = { paymentId, enrollmentId, activityId, memberId };
const eur = (amount: number) => ({ amount, currency: 'EUR' }) as const;
const paidAt = '2026-05-01T08:05:00.000Z';
export const intentId = 'pi_example';

const start = { ...ids, method: 'card', amount: eur(2563) } as const;
export const started: PaymentEvent = { type: 'PaymentStarted', data: start };
export const intentCreated: PaymentEvent = {
  type: 'PaymentIntentCreated',
  data: { ...ids, intentId },
};
export const succeeded: PaymentEvent = {
  type: 'PaymentSucceeded',
  data: { ...ids, intentId, chargeId: 'ch_example', amount: eur(2563), paidAt },
};
export const feeCharged: PaymentEvent = {
  type: 'PaymentFeeCharged',
  data: { ...ids, balanceTransactionId: 'txn_example', fee: eur(63), net: eur(2500) },
};
export const cancelled: PaymentEvent = {
  type: 'PaymentCancelled',
  data: { ...ids, intentId, reason: 'abandoned' },
};
export const refundRequested: PaymentEvent = {
  type: 'RefundRequested',
  data: { ...ids, refundId, amount: eur(2563), cause: 'late-payment' },
};
export const refundSettled: PaymentEvent = {
  type: 'RefundSettled',
  data: {
    ...{ ...ids, refundId, amount: eur(2563) },
    ...{ stripeRefundId: 're_example', balanceTransactionId: 'txn_refund' },
  },
};
export const refundFailed: PaymentEvent = {
  type: 'RefundFailed',
  data: {
    ...{ ...ids, refundId, amount: eur(2563) },
    ...{ stripeRefundId: 're_example', code: 'expired_or_canceled_card' },
  },
};

/** What Stripe says of a PaymentIntent that waits for a card. */
export const observedOpen: StripeObservation = {
  intentId,
  status: 'requires_payment_method',
  amountReceived: 0,
  currency: 'eur',
  chargeId: null,
  paidAt: null,
  balanceTransaction: null,
  decline: null,
  cancellationReason: null,
};
export const observedDecline: StripeObservation = {
  ...observedOpen,
  decline: { chargeId: 'ch_declined', code: 'card_declined', declineCode: 'insufficient_funds' },
};
export const observedPaid: StripeObservation = {
  ...observedOpen,
  status: 'succeeded',
  amountReceived: 2563,
  chargeId: 'ch_example',
  paidAt,
};
export const observedFee: StripeObservation = {
  ...observedPaid,
  balanceTransaction: { id: 'txn_example', fee: 63, net: 2500 },
};
export const observedCancelled: StripeObservation = {
  ...observedOpen,
  status: 'canceled',
  cancellationReason: 'abandoned',
};

export const refund = { refundId, amount: eur(2563), cause: 'late-payment' } as const;
export const settlement = {
  refundId,
  stripeRefundId: 're_example',
  balanceTransactionId: 'txn_refund',
};
export const failure = { refundId, stripeRefundId: 're_example', code: 'expired_or_canceled_card' };
export const anotherRefundId = deriveId('ref', 'example', 1);
const { tillId } = exampleIds;
export const cash = { ...ids, tillId, amount: eur(2563) };
export const received: PaymentEvent = { type: 'CashPaymentReceived', data: cash };
export const paidOut: PaymentEvent = {
  type: 'CashRefundPaidOut',
  data: { ...ids, refundId, amount: eur(2563), tillId },
};
const paid = [started, intentCreated, succeeded];

export const examples = defineExamples(payment, {
  statuses: {
    none: [],
    started: [started],
    open: [started, intentCreated],
    succeeded: paid,
    cancelled: [started, intentCreated, cancelled],
    received: [received],
  },
  situations: {
    'fee known': [...paid, feeCharged],
    'refund requested': [...paid, refundRequested],
    'refund settled': [...paid, refundRequested, refundSettled],
    'refund failed': [...paid, refundRequested, refundFailed],
    'cash, refund requested': [received, refundRequested],
    'cash, refund paid out': [received, refundRequested, paidOut],
  },
  commands: {
    startPayment: (state) => startPayment(state, start),
    recordIntent: (state) => recordIntent(state, { intentId }),
    'recordStripeState (declined)': (state) => recordStripeState(state, observedDecline),
    'recordStripeState (paid)': (state) => recordStripeState(state, observedPaid),
    'recordStripeState (paid, fee known)': (state) => recordStripeState(state, observedFee),
    'recordStripeState (cancelled)': (state) => recordStripeState(state, observedCancelled),
    requestRefund: (state) => requestRefund(state, refund),
    'requestRefund (another)': (state) =>
      requestRefund(state, { ...refund, refundId: anotherRefundId }),
    receiveCash: (state) => receiveCash(state, cash),
    payOutRefund: (state) => payOutRefund(state, { refundId, tillId }),
    'payOutRefund (at another till)': (state) =>
      payOutRefund(state, { refundId, tillId: deriveId('til', 'other') }),
    settleRefund: (state) => settleRefund(state, settlement),
    failRefund: (state) => failRefund(state, failure),
  },
});
