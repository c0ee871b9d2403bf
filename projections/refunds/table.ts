import { defineTable } from '../_runtime/table.ts';

export const refunds = defineTable({
  name: 'refunds',
  comment: 'Money that is to go back, and whether it did. Amounts in minor units.',
  columns: {
    refund_id: { type: 'text', comment: 'Id of the refund' },
    payment_id: { type: 'text', comment: 'Payment it is taken from' },
    enrollment_id: { type: 'text', comment: 'Enrollment that was paid' },
    activity_id: { type: 'text', comment: 'Activity that was paid' },
    amount: { type: 'bigint', comment: 'What goes back, in minor units' },
    currency: { type: 'text', comment: 'ISO 4217 currency' },
    cause: { type: 'text', comment: 'late-payment, enrollment-cancelled or activity-cancelled' },
    method: {
      type: 'text',
      nullable: true,
      comment: 'card or cash; null while it is not known how it goes back',
    },
    status: { type: 'text', comment: 'requested, settled or failed' },
    requested_at: { type: 'timestamptz', comment: 'When it was promised' },
    settled_at: {
      type: 'timestamptz',
      nullable: true,
      comment: 'When the money went back; null while it did not, or came back',
    },
    failed_at: { type: 'timestamptz', nullable: true, comment: 'When it turned out to fail' },
  },
  key: ['refund_id'],
  indexes: [['payment_id'], ['activity_id']],
});
