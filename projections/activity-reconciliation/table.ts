import { defineTable } from '../_runtime/table.ts';

export const reconciliationPayments = defineTable({
  name: 'reconciliation_payments',
  comment: "Each payment by our log and by Stripe's statement, and what they differ in.",
  columns: {
    payment_id: { type: 'text', comment: 'Id of the payment' },
    activity_id: { type: 'text', nullable: true, comment: 'Activity it was for' },
    enrollment_id: { type: 'text', nullable: true, comment: 'Enrollment it was for' },
    ordinal: { type: 'bigint', comment: 'Place in the log of the first event about its money' },
    currency: { type: 'text', comment: 'ISO 4217 currency of all amounts' },
    captured: { type: 'bigint', comment: 'Our log: captured, in minor units' },
    captured_at: { type: 'timestamptz', nullable: true, comment: 'Our log: when' },
    fee: { type: 'bigint', nullable: true, comment: "Our log: Stripe's fee; null: not told yet" },
    refunds: { type: 'jsonb', comment: 'Our log: refunds by id, with amount and status' },
    refunded: { type: 'bigint', comment: 'Our log: what Stripe gave back' },
    refunds_pending: { type: 'bigint', comment: 'Our log: promised and not settled' },
    refunds_failed: {
      type: 'bigint',
      comment: 'Our log: tried in vain; the statement may show both ways',
    },
    statement_lines: { type: 'integer', comment: 'Statement: lines about the payment' },
    statement_charges: { type: 'bigint', comment: 'Statement: gross of charges' },
    statement_refunds: { type: 'bigint', comment: 'Statement: gross of refunds, positive' },
    statement_other: { type: 'bigint', comment: 'Statement: gross of everything else' },
    statement_fees: { type: 'bigint', comment: 'Statement: fees' },
    statement_net: { type: 'bigint', comment: 'Statement: net of all lines' },
    statement_currency: { type: 'text', nullable: true, comment: 'Statement: currency' },
    method: { type: 'text', comment: 'card or cash' },
    till_id: { type: 'text', nullable: true, comment: 'Till that took it, of a cash payment' },
    till_taken: { type: 'bigint', comment: 'Tills: cash taken for the payment' },
    till_paid_out: { type: 'bigint', comment: 'Tills: cash paid out of its refunds' },
    difference: {
      type: 'bigint',
      comment: 'Net of our log less net of the statement, or of the tills',
    },
    causes: { type: 'text[]', comment: 'What they differ in' },
    status: { type: 'text', comment: 'agrees, open (the statement lags) or break' },
  },
  key: ['payment_id'],
  indexes: [
    ['activity_id', 'ordinal'],
    ['status', 'ordinal'],
  ],
});

export const statementLines = defineTable({
  name: 'statement_lines',
  comment: "Stripe's account statement: its balance transactions.",
  columns: {
    balance_transaction_id: { type: 'text', comment: 'Id at Stripe' },
    ordinal: { type: 'bigint', comment: 'Place in the log' },
    payment_id: { type: 'text', nullable: true, comment: 'Our payment; null: none of ours' },
    activity_id: { type: 'text', nullable: true, comment: 'Our activity' },
    type: { type: 'text', comment: "Stripe's type" },
    reporting_category: { type: 'text', comment: "Stripe's reporting category" },
    gross: { type: 'bigint', comment: 'Gross in minor units' },
    fee: { type: 'bigint', comment: 'Fee in minor units' },
    net: { type: 'bigint', comment: 'Net in minor units' },
    currency: { type: 'text', comment: 'ISO 4217 currency' },
    source_id: { type: 'text', nullable: true, comment: 'Charge, refund or other source' },
    booked_at: { type: 'timestamptz', comment: 'When Stripe booked it' },
    available_at: { type: 'timestamptz', comment: 'When the money is available' },
    status: { type: 'text', comment: 'matched, ignored (payouts) or break' },
  },
  key: ['balance_transaction_id'],
  indexes: [
    ['payment_id', 'ordinal'],
    ['status', 'ordinal'],
  ],
});

export const reconciliationTills = defineTable({
  name: 'reconciliation_tills',
  comment:
    'Tills at the door, and what their count came to. Nothing of an open one: it is counted blind.',
  columns: {
    till_id: { type: 'text', comment: 'Id of the till' },
    activity_id: { type: 'text', comment: 'Activity it stands at' },
    ordinal: { type: 'bigint', comment: 'Place in the log where it was opened or closed' },
    currency: { type: 'text', comment: 'ISO 4217 currency of all amounts' },
    float: { type: 'bigint', comment: 'Change that was put in, in minor units' },
    taken: { type: 'bigint', nullable: true, comment: 'Cash taken; null while it is open' },
    paid_out: {
      type: 'bigint',
      nullable: true,
      comment: 'Refunds paid out; null while it is open',
    },
    expected: { type: 'bigint', nullable: true, comment: 'What should be in it; null while open' },
    counted: { type: 'bigint', nullable: true, comment: 'What was in it; null while it is open' },
    difference: { type: 'bigint', comment: 'Expected less counted; 0 while it is open' },
    status: { type: 'text', comment: 'open (not counted yet), agrees or break' },
  },
  key: ['till_id'],
  indexes: [
    ['activity_id', 'ordinal'],
    ['status', 'ordinal'],
  ],
});
