import type { EventOf } from '../../domain/_kernel/event.ts';
import { paymentEvents } from '../../domain/payment/events.ts';
import { type StatementLineRecorded, statementEvents } from '../../domain/statement/events.ts';
import { tillEvents } from '../../domain/till/events.ts';
import { change, defineProjection, insert, type RowChange } from '../_runtime/definition.ts';
import { judge, type PaymentRow, type RefundStatus, type Refunds } from './judge.ts';
import { reconciliationPayments, reconciliationTills, statementLines } from './table.ts';

/** Who speaks of a payment, and what they know of it. Our own log wins over a statement's metadata. */
type Known = {
  readonly paymentId: string;
  readonly activityId: string | null;
  readonly enrollmentId?: string;
};
type Line = EventOf<typeof StatementLineRecorded>['data'];

/** Either side may speak of a payment first; every change is judged anew. */
function changePayment(
  { paymentId, activityId, enrollmentId }: Known,
  { ordinal, currency }: { readonly ordinal: number; readonly currency: string },
  fold: (row: PaymentRow) => Partial<PaymentRow>,
): RowChange {
  // Only our own events know the enrollment.
  const ours = enrollmentId !== undefined;
  return change(
    reconciliationPayments,
    { payment_id: paymentId },
    (row) => {
      const next = {
        ...row,
        activity_id: (ours ? activityId : row.activity_id) ?? row.activity_id ?? activityId,
        enrollment_id: row.enrollment_id ?? enrollmentId ?? null,
        ...fold(row),
      };
      return { ...next, ...judge(next) };
    },
    {
      absent: () => ({
        payment_id: paymentId,
        activity_id: activityId,
        enrollment_id: enrollmentId ?? null,
        ordinal,
        currency,
        captured: 0,
        captured_at: null,
        fee: null,
        refunds: {},
        refunded: 0,
        refunds_pending: 0,
        refunds_failed: 0,
        statement_lines: 0,
        statement_charges: 0,
        statement_refunds: 0,
        statement_other: 0,
        statement_fees: 0,
        statement_net: 0,
        statement_currency: null,
        method: 'card',
        till_id: null,
        till_taken: 0,
        till_paid_out: 0,
        difference: 0,
        causes: [],
        status: 'agrees',
      }),
    },
  );
}

/**
 * Refunds by id, with their sums. A failed one is kept: its money is on the statement until the line
 * that brings it back is there too.
 */
function withRefunds(refunds: Refunds): Partial<PaymentRow> {
  const sum = (status: RefundStatus): number =>
    Object.values(refunds).reduce(
      (total, refund) => total + (refund.status === status ? refund.amount : 0),
      0,
    );
  return {
    refunds,
    refunded: sum('settled'),
    refunds_pending: sum('pending'),
    refunds_failed: sum('failed'),
  };
}

/** One refund in another status; the others as they are. */
function withRefund(
  row: PaymentRow,
  { refundId, amount }: { readonly refundId: string; readonly amount: { readonly amount: number } },
  status: RefundStatus,
): Partial<PaymentRow> {
  return withRefunds({
    ...(row.refunds as Refunds),
    [refundId]: { amount: amount.amount, status },
  });
}

/** Where a line of the statement counts, by Stripe's reporting category. */
function statementColumns(row: PaymentRow, line: Line): Partial<PaymentRow> {
  const { gross } = line;
  switch (line.reportingCategory) {
    case 'charge':
      return { statement_charges: row.statement_charges + gross };
    case 'refund':
    case 'refund_failure':
      return { statement_refunds: row.statement_refunds - gross };
    default:
      return { statement_other: row.statement_other + gross };
  }
}

/** Money that leaves Stripe for our bank is no payment of anybody. */
const ignored = new Set(['payout', 'payout_reversal']);

function statusOf({ paymentId, reportingCategory }: Line): string {
  if (paymentId !== null) return 'matched';
  return ignored.has(reportingCategory) ? 'ignored' : 'break';
}

export const activityReconciliationProjection = defineProjection({
  name: 'activity-reconciliation',
  version: 3,
  question: "Does what we took agree with Stripe's statement and the tills?",
  tables: [reconciliationPayments, reconciliationTills, statementLines],
  events: [paymentEvents, statementEvents, tillEvents],
  keyOf: ({ data }) => {
    // What a till took and paid out is judged with its payment.
    if ('paymentId' in data && data.paymentId !== null) return data.paymentId;
    return 'tillId' in data ? data.tillId : data.balanceTransactionId;
  },
  on: {
    PaymentSucceeded: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, () => ({
        currency: data.amount.currency,
        captured: data.amount.amount,
        captured_at: data.paidAt,
      })),
    ],
    CashPaymentReceived: ({ data, ordinal, metadata }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, () => ({
        method: 'cash',
        till_id: data.tillId,
        currency: data.amount.currency,
        captured: data.amount.amount,
        captured_at: metadata.occurredAt,
      })),
    ],
    CashRefundPaidOut: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, (row) =>
        withRefund(row, data, 'settled'),
      ),
    ],
    CashTaken: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, (row) => ({
        method: 'cash',
        till_id: data.tillId,
        till_taken: row.till_taken + data.amount.amount,
      })),
    ],
    CashPaidOut: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, (row) => ({
        till_paid_out: row.till_paid_out + data.amount.amount,
      })),
    ],
    TillOpened: ({ data, ordinal }) => [
      insert(reconciliationTills, {
        till_id: data.tillId,
        activity_id: data.activityId,
        ordinal,
        currency: data.float.currency,
        float: data.float.amount,
        taken: null,
        paid_out: null,
        expected: null,
        counted: null,
        difference: 0,
        status: 'open',
      }),
    ],
    TillClosed: ({ data, ordinal }) => {
      const { expected, counted } = data;
      const difference = expected.amount - counted.amount;
      return [
        change(reconciliationTills, { till_id: data.tillId }, () => ({
          ordinal,
          taken: data.taken.amount,
          paid_out: data.paidOut.amount,
          expected: expected.amount,
          counted: counted.amount,
          difference,
          status: difference === 0 ? 'agrees' : 'break',
        })),
      ];
    },
    PaymentFeeCharged: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.fee.currency }, () => ({
        fee: data.fee.amount,
      })),
    ],
    RefundRequested: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, (row) =>
        withRefund(row, data, 'pending'),
      ),
    ],
    RefundSettled: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, (row) =>
        withRefund(row, data, 'settled'),
      ),
    ],
    // It can fail after it was settled.
    RefundFailed: ({ data, ordinal }) => [
      changePayment(data, { ordinal, currency: data.amount.currency }, (row) =>
        withRefund(row, data, 'failed'),
      ),
    ],
    StatementLineRecorded: ({ data, ordinal }) => {
      const { paymentId, activityId, currency } = data;
      const line = insert(statementLines, {
        balance_transaction_id: data.balanceTransactionId,
        ordinal,
        payment_id: paymentId,
        activity_id: activityId,
        type: data.type,
        reporting_category: data.reportingCategory,
        gross: data.gross,
        fee: data.fee,
        net: data.net,
        currency,
        source_id: data.sourceId,
        booked_at: data.bookedAt,
        available_at: data.availableAt,
        status: statusOf(data),
      });
      if (paymentId === null) return [line];
      const payment = changePayment({ paymentId, activityId }, { ordinal, currency }, (row) => ({
        ...statementColumns(row, data),
        statement_lines: row.statement_lines + 1,
        statement_fees: row.statement_fees + data.fee,
        statement_net: row.statement_net + data.net,
        statement_currency: currency,
      }));
      return [line, payment];
    },
  },
});
