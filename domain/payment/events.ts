import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { moneySchema } from '../_kernel/money.ts';
import { instantSchema } from '../_kernel/time.ts';

const ids = {
  paymentId: idSchema('pay'),
  enrollmentId: idSchema('enr'),
  activityId: idSchema('act'),
  memberId: idSchema('mem'),
};

export const PaymentStarted = defineEvent({
  type: 'PaymentStarted',
  summary: 'A payment was opened for an enrollment.',
  data: { ...ids, method: z.enum(['card']), amount: moneySchema },
});

export const PaymentIntentCreated = defineEvent({
  type: 'PaymentIntentCreated',
  summary: "Stripe's PaymentIntent for the payment is known. Its client secret is never stored.",
  data: { ...ids, intentId: z.string() },
});

export const PaymentSucceeded = defineEvent({
  type: 'PaymentSucceeded',
  summary: 'The money was captured.',
  data: {
    ...ids,
    intentId: z.string(),
    chargeId: z.string(),
    amount: moneySchema,
    paidAt: instantSchema,
  },
});

export const PaymentFeeCharged = defineEvent({
  type: 'PaymentFeeCharged',
  summary: "Stripe's fee for the payment, as its balance transaction says.",
  data: { ...ids, balanceTransactionId: z.string(), fee: moneySchema, net: moneySchema },
});

export const PaymentDeclined = defineEvent({
  type: 'PaymentDeclined',
  summary: 'The card was declined; the same payment can be tried with another card.',
  data: {
    ...ids,
    chargeId: z.string().nullable(),
    code: z.string(),
    declineCode: z.string().nullable(),
  },
});

export const PaymentCancelled = defineEvent({
  type: 'PaymentCancelled',
  summary: 'The PaymentIntent was cancelled; no money can come from it.',
  data: { ...ids, intentId: z.string(), reason: z.string().nullable() },
});

export const CashPaymentReceived = defineEvent({
  type: 'CashPaymentReceived',
  summary: 'The money was taken in cash, at a till; Stripe has no part in it.',
  data: { ...ids, tillId: idSchema('til'), amount: moneySchema },
});

const refund = { ...ids, refundId: idSchema('ref'), amount: moneySchema };

export const RefundRequested = defineEvent({
  type: 'RefundRequested',
  summary: 'Money is to go back; it counts against what can be refunded from now on.',
  data: {
    ...refund,
    cause: z.enum(['late-payment', 'enrollment-cancelled', 'activity-cancelled']),
  },
});

export const RefundSettled = defineEvent({
  type: 'RefundSettled',
  summary: 'Stripe gave the money back.',
  data: { ...refund, stripeRefundId: z.string(), balanceTransactionId: z.string().nullable() },
});

export const RefundFailed = defineEvent({
  type: 'RefundFailed',
  summary: 'Stripe could not give the money back; somebody has to look.',
  data: { ...refund, stripeRefundId: z.string().nullable(), code: z.string() },
});

export const CashRefundPaidOut = defineEvent({
  type: 'CashRefundPaidOut',
  summary: 'The money of a refund was handed over in cash, at a till.',
  data: { ...refund, tillId: idSchema('til') },
});

export const paymentEvents = defineEvents('payment', [
  PaymentStarted,
  PaymentIntentCreated,
  PaymentSucceeded,
  PaymentFeeCharged,
  PaymentDeclined,
  PaymentCancelled,
  RefundRequested,
  RefundSettled,
  RefundFailed,
  CashPaymentReceived,
  CashRefundPaidOut,
]);
export type PaymentEvent = EventsOf<typeof paymentEvents>;
