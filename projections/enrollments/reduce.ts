import { enrollmentEvents } from '../../domain/enrollment/events.ts';
import { paymentEvents } from '../../domain/payment/events.ts';
import { ticketEvents } from '../../domain/ticket/events.ts';
import { change, defineProjection, insert, type RowChange } from '../_runtime/definition.ts';
import type { RowOf } from '../_runtime/table.ts';
import { enrollments, type PaymentAttempt } from './table.ts';

type EnrollmentRow = RowOf<typeof enrollments>;

const changeEnrollment = (
  { enrollmentId }: { readonly enrollmentId: string },
  fold: (row: EnrollmentRow) => Partial<EnrollmentRow>,
): RowChange[] => [change(enrollments, { enrollment_id: enrollmentId }, fold)];

/** Changes one attempt to pay, and the totals with it. */
const changePayment = (
  ids: { readonly enrollmentId: string; readonly paymentId: string },
  fold: (attempt: PaymentAttempt) => Partial<PaymentAttempt>,
): RowChange[] =>
  changeEnrollment(ids, (row) => {
    const payments = (row.payments as PaymentAttempt[]).map((attempt) =>
      attempt.paymentId === ids.paymentId ? { ...attempt, ...fold(attempt) } : attempt,
    );
    const sum = (amountOf: (attempt: PaymentAttempt) => number): number =>
      payments.reduce((total, attempt) => total + amountOf(attempt), 0);
    return {
      payments,
      amount_paid: sum(({ status, amount }) => (status === 'succeeded' ? amount : 0)),
      amount_refunded: sum(({ refunded }) => refunded),
    };
  });

export const enrollmentsProjection = defineProjection({
  name: 'enrollments',
  version: 4,
  question: 'What became of an enrollment?',
  tables: [enrollments],
  events: [enrollmentEvents, paymentEvents, ticketEvents],
  keyOf: (event) => event.data.enrollmentId,
  on: {
    EnrollmentRequested: ({ data, ordinal, revision, metadata }) => [
      insert(enrollments, {
        enrollment_id: data.enrollmentId,
        activity_id: data.activityId,
        member_id: data.memberId,
        ordinal,
        requested_at: metadata.occurredAt,
        pet_ids: data.petIds ?? [],
        status: data.outcome,
        cause: null,
        hold_expires_at: data.holdExpiresAt,
        currency: data.amountDue.currency,
        price: data.price.amount,
        service_fee: data.serviceFee.amount,
        amount_due: data.amountDue.amount,
        amount_paid: 0,
        amount_refunded: 0,
        payments: [],
        ticket_id: null,
        confirmed_at: null,
        admitted_at: null,
        revision,
        changed_ordinal: ordinal,
      }),
    ],
    EnrollmentPromoted: ({ data, revision }) =>
      changeEnrollment(data, () => ({
        status: 'held',
        hold_expires_at: data.holdExpiresAt,
        revision,
      })),
    PaymentAttemptOpened: ({ data, revision }) =>
      changeEnrollment(data, (row) => ({
        payments: [...(row.payments as PaymentAttempt[]), openAttempt(data)],
        revision,
      })),
    PaymentAttemptClosed: ({ data, revision }) => changeEnrollment(data, () => ({ revision })),
    EnrollmentConfirmed: ({ data, revision, metadata }) =>
      changeEnrollment(data, () => ({
        status: 'confirmed',
        cause: null,
        hold_expires_at: null,
        amount_due: 0,
        ticket_id: data.ticketId,
        confirmed_at: metadata.occurredAt,
        revision,
      })),
    EnrollmentLapsed: ({ data, revision }) =>
      changeEnrollment(data, () => ({ ...ended, status: 'lapsed', cause: data.cause, revision })),
    EnrollmentCancelled: ({ data, revision }) =>
      changeEnrollment(data, () => ({
        ...ended,
        status: 'cancelled',
        cause: data.cause,
        revision,
      })),
    ConfirmationSent: ({ data, revision }) => changeEnrollment(data, () => ({ revision })),
    PaymentSucceeded: ({ data }) =>
      changePayment(data, () => ({ status: 'succeeded', declineCode: null })),
    CashPaymentReceived: ({ data }) =>
      changeEnrollment(data, (row) => {
        const payments = row.payments as PaymentAttempt[];
        const attempt = payments.length + 1;
        const taken = { ...openAttempt({ ...data, attempt }), method: 'cash', status: 'succeeded' };
        return {
          payments: [...payments, taken],
          amount_paid: row.amount_paid + data.amount.amount,
        };
      }),
    CashRefundPaidOut: ({ data }) =>
      changePayment(data, ({ refunded }) => ({ refunded: refunded + data.amount.amount })),
    PaymentDeclined: ({ data }) =>
      changePayment(data, () => ({
        status: 'declined',
        declineCode: data.declineCode ?? data.code,
      })),
    PaymentCancelled: ({ data }) => changePayment(data, () => ({ status: 'cancelled' })),
    RefundRequested: ({ data }) =>
      changePayment(data, ({ refundRequested }) => ({
        refundRequested: refundRequested + data.amount.amount,
      })),
    RefundSettled: ({ data }) =>
      changePayment(data, ({ refunded }) => ({ refunded: refunded + data.amount.amount })),
    RefundFailed: ({ data }) =>
      changePayment(data, (attempt) => failRefund(attempt, data.amount.amount)),
    TicketScanned: ({ data }) =>
      data.decision === 'admitted'
        ? changeEnrollment(data, (row) => ({ admitted_at: row.admitted_at ?? data.scannedAt }))
        : [],
  },
});

const ended = { hold_expires_at: null, amount_due: 0 } as const;

function openAttempt(data: {
  readonly paymentId: string;
  readonly attempt: number;
  readonly amount: { readonly amount: number };
}): PaymentAttempt {
  return {
    paymentId: data.paymentId,
    attempt: data.attempt,
    method: 'card',
    status: 'open',
    amount: data.amount.amount,
    declineCode: null,
    refundRequested: 0,
    refunded: 0,
  };
}

/**
 * A refund can fail after it settled (the bank sent it back). Which of several it was does not
 * matter to the sums: what was settled beyond the other requests did not arrive.
 */
function failRefund(
  { refundRequested, refunded }: PaymentAttempt,
  amount: number,
): Partial<PaymentAttempt> {
  const requested = refundRequested - amount;
  return { refundRequested: requested, refunded: Math.min(refunded, requested) };
}
