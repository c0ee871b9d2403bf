import { defineView } from '../_runtime/view.ts';
import { reconciliationPayments, reconciliationTills } from '../activity-reconciliation/table.ts';
import { financeJournal } from '../finance-journal/table.ts';
import { refunds as refundRows } from '../refunds/table.ts';

export const payments = defineView({
  name: 'payments',
  comment: 'One row per payment whose money was taken, by card or in cash.',
  key: ['payment_id'],
  columns: {
    payment_id: { type: 'text', sql: 'p.payment_id', comment: 'Id of the payment' },
    enrollment_id: { type: 'text', sql: 'p.enrollment_id', comment: 'Enrollment it was for' },
    activity_id: { type: 'text', sql: 'p.activity_id', comment: 'Activity it was for' },
    method: { type: 'text', sql: 'p.method', comment: 'card or cash' },
    captured_at: { type: 'timestamptz', sql: 'p.captured_at', comment: 'When it was taken' },
    currency: {
      type: 'text',
      sql: 'p.currency',
      comment: 'ISO 4217 currency of the amounts of the row',
    },
    amount: { type: 'bigint', sql: 'p.captured', comment: 'What was taken, in minor units' },
    fee: {
      type: 'bigint',
      nullable: true,
      sql: "case p.method when 'cash' then 0 else p.fee end",
      comment: "Stripe's fee in minor units; null: not told yet",
    },
    refunded: { type: 'bigint', sql: 'p.refunded', comment: 'What went back, in minor units' },
    refunds_pending: {
      type: 'bigint',
      sql: 'p.refunds_pending',
      comment: 'What was promised back and is not settled, in minor units',
    },
    reconciliation: {
      type: 'text',
      sql: 'p.status',
      comment: "Against Stripe's statement or the till: agrees, open (not there yet) or break",
    },
  },
  from: (table) => `${table(reconciliationPayments)} p where p.captured_at is not null`,
});

export const refunds = defineView({
  name: 'refunds',
  comment: 'One row per refund, and whether the money went back.',
  key: ['refund_id'],
  columns: {
    refund_id: { type: 'text', sql: 'r.refund_id', comment: 'Id of the refund' },
    payment_id: { type: 'text', sql: 'r.payment_id', comment: 'Payment it is taken from' },
    enrollment_id: { type: 'text', sql: 'r.enrollment_id', comment: 'Enrollment that was paid' },
    activity_id: { type: 'text', sql: 'r.activity_id', comment: 'Activity that was paid' },
    cause: {
      type: 'text',
      sql: 'r.cause',
      comment: 'late-payment, enrollment-cancelled or activity-cancelled',
    },
    method: {
      type: 'text',
      nullable: true,
      sql: 'r.method',
      comment: 'card or cash; null while it is not known how it goes back',
    },
    status: { type: 'text', sql: 'r.status', comment: 'requested, settled or failed' },
    currency: { type: 'text', sql: 'r.currency', comment: 'ISO 4217 currency of the amount' },
    amount: { type: 'bigint', sql: 'r.amount', comment: 'What goes back, in minor units' },
    requested_at: { type: 'timestamptz', sql: 'r.requested_at', comment: 'When it was promised' },
    settled_at: {
      type: 'timestamptz',
      nullable: true,
      sql: 'r.settled_at',
      comment: 'When the money went back; null while it did not, or came back',
    },
    failed_at: {
      type: 'timestamptz',
      nullable: true,
      sql: 'r.failed_at',
      comment: 'When it turned out to fail',
    },
  },
  from: (table) => `${table(refundRows)} r`,
});

export const journalLines = defineView({
  name: 'journal_lines',
  comment: 'Double-entry lines; the lines of one journal id are one entry and balance.',
  key: ['journal_id', 'line'],
  columns: {
    journal_id: { type: 'text', sql: 'j.journal_id', comment: 'The entry' },
    line: { type: 'integer', sql: 'j.line', comment: 'Number of the line in its entry, from 1' },
    occurred_at: { type: 'timestamptz', sql: 'j.occurred_at', comment: 'When it happened' },
    recorded_at: { type: 'timestamptz', sql: 'j.recorded_at', comment: 'When it was recorded' },
    event_type: { type: 'text', sql: 'j.event_type', comment: 'Type of the event it books' },
    account: { type: 'text', sql: 'j.account', comment: 'Account of the line' },
    currency: { type: 'text', sql: 'j.currency', comment: 'ISO 4217 currency of the line' },
    debit: { type: 'bigint', sql: 'j.debit', comment: 'Debit in minor units; 0 on a credit line' },
    credit: {
      type: 'bigint',
      sql: 'j.credit',
      comment: 'Credit in minor units; 0 on a debit line',
    },
    activity_id: { type: 'text', sql: 'j.activity_id', comment: 'Activity it concerns' },
    enrollment_id: {
      type: 'text',
      nullable: true,
      sql: 'j.enrollment_id',
      comment: 'Enrollment it concerns; null where a till was counted',
    },
    payment_id: {
      type: 'text',
      nullable: true,
      sql: 'j.payment_id',
      comment: 'Payment it concerns',
    },
    memo: { type: 'text', sql: 'j.memo', comment: 'What was booked, in words' },
  },
  from: (table) => `${table(financeJournal)} j`,
});

const whenClosed = (column: string, comment: string) =>
  ({
    type: 'bigint',
    nullable: true,
    sql: `t.${column}`,
    comment: `${comment}, in minor units; null while it is open`,
  }) as const;

export const cashTills = defineView({
  name: 'cash_tills',
  comment: 'Tills at the door and what their count came to. An open one is counted blind.',
  key: ['till_id'],
  columns: {
    till_id: { type: 'text', sql: 't.till_id', comment: 'Id of the till' },
    activity_id: { type: 'text', sql: 't.activity_id', comment: 'Activity it stands at' },
    status: { type: 'text', sql: 't.status', comment: 'open, agrees or break' },
    currency: {
      type: 'text',
      sql: 't.currency',
      comment: 'ISO 4217 currency of the amounts of the row',
    },
    opening_float: {
      type: 'bigint',
      sql: 't.float',
      comment: 'Change that was put in, in minor units',
    },
    taken: whenClosed('taken', 'Cash taken'),
    paid_out: whenClosed('paid_out', 'Refunds paid out'),
    expected: whenClosed('expected', 'What should be in it'),
    counted: whenClosed('counted', 'What was in it'),
    difference: {
      type: 'bigint',
      sql: 't.difference',
      comment: 'Expected less counted, in minor units; 0 while it is open',
    },
  },
  from: (table) => `${table(reconciliationTills)} t`,
});
