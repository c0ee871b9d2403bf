import { paymentEvents } from '../../domain/payment/events.ts';
import { change, defineProjection, insert, type RowChange } from '../_runtime/definition.ts';
import type { RowOf } from '../_runtime/table.ts';
import { refunds } from './table.ts';

const becomes = (
  { refundId }: { readonly refundId: string },
  state: Partial<RowOf<typeof refunds>>,
): RowChange[] => [change(refunds, { refund_id: refundId }, () => state)];

export const refundsProjection = defineProjection({
  name: 'refunds',
  version: 1,
  question: 'Which money is to go back, and did it?',
  tables: [refunds],
  events: [paymentEvents],
  keyOf: (event) => event.data.paymentId,
  on: {
    RefundRequested: ({ data, metadata: { occurredAt } }) => [
      insert(refunds, {
        refund_id: data.refundId,
        payment_id: data.paymentId,
        enrollment_id: data.enrollmentId,
        activity_id: data.activityId,
        amount: data.amount.amount,
        currency: data.amount.currency,
        cause: data.cause,
        method: null,
        status: 'requested',
        requested_at: occurredAt,
        settled_at: null,
        failed_at: null,
      }),
    ],
    RefundSettled: ({ data, metadata: { occurredAt } }) =>
      becomes(data, { method: 'card', status: 'settled', settled_at: occurredAt }),
    CashRefundPaidOut: ({ data, metadata: { occurredAt } }) =>
      becomes(data, { method: 'cash', status: 'settled', settled_at: occurredAt }),
    // Also after it was settled: the bank sent the money back to us.
    RefundFailed: ({ data, metadata: { occurredAt } }) =>
      becomes(data, { method: 'card', status: 'failed', settled_at: null, failed_at: occurredAt }),
  },
});
