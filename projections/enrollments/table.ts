import { changedColumn } from '../_runtime/changes.ts';
import { defineTable } from '../_runtime/table.ts';

/** One attempt to pay, as `payments` keeps it. Amounts in minor units of the row's currency. */
export type PaymentAttempt = {
  readonly paymentId: string;
  readonly attempt: number;
  readonly method: 'card' | 'cash';
  readonly status: 'open' | 'succeeded' | 'declined' | 'cancelled';
  readonly amount: number;
  readonly declineCode: string | null;
  readonly refundRequested: number;
  readonly refunded: number;
};

export const enrollments = defineTable({
  name: 'enrollments',
  comment: 'Enrollments as their members see them. No personal data.',
  columns: {
    enrollment_id: { type: 'text', comment: 'Id of the enrollment' },
    activity_id: { type: 'text', comment: 'Id of the activity' },
    member_id: { type: 'text', comment: 'Id of the member who enrolled' },
    ordinal: { type: 'bigint', comment: 'Place of the request in the log; newest is highest' },
    requested_at: { type: 'timestamptz', comment: 'When the member enrolled' },
    pet_ids: { type: 'text[]', comment: 'Pets that come along' },
    status: { type: 'text', comment: 'held, waitlisted, confirmed, lapsed or cancelled' },
    cause: { type: 'text', nullable: true, comment: 'Why it lapsed or was cancelled' },
    hold_expires_at: { type: 'timestamptz', nullable: true, comment: 'Deadline of the hold' },
    currency: { type: 'text', comment: 'ISO 4217 currency of all amounts' },
    price: { type: 'bigint', comment: 'Price of the place in minor units' },
    service_fee: { type: 'bigint', comment: 'Service fee in minor units' },
    amount_due: { type: 'bigint', comment: 'What is still to be paid, in minor units' },
    amount_paid: { type: 'bigint', comment: 'What was captured, in minor units' },
    amount_refunded: { type: 'bigint', comment: 'What went back, in minor units' },
    payments: { type: 'jsonb', comment: 'Attempts to pay, in order' },
    ticket_id: { type: 'text', nullable: true, comment: 'Ticket, once confirmed' },
    confirmed_at: { type: 'timestamptz', nullable: true, comment: 'When it was confirmed' },
    admitted_at: { type: 'timestamptz', nullable: true, comment: 'When the ticket was admitted' },
    revision: { type: 'integer', comment: 'Revision of the enrollment: it grows with each change' },
    changed_ordinal: changedColumn,
  },
  key: ['enrollment_id'],
  indexes: [
    ['member_id', 'ordinal'],
    ['activity_id', 'ordinal'],
  ],
  tells: [{ topic: 'enrollments', of: 'member_id', at: 'changed_ordinal' }],
});
