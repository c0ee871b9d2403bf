import { defineTable } from '../_runtime/table.ts';

export const financeJournal = defineTable({
  name: 'finance_journal',
  comment: 'Double-entry lines; the lines of one journal id are one entry and balance.',
  columns: {
    journal_id: { type: 'text', comment: 'The entry: id of the event it books' },
    line: { type: 'integer', comment: 'Number of the line in its entry, from 1' },
    ordinal: { type: 'bigint', comment: 'Place of the event in the log; the cursor of the feed' },
    occurred_at: { type: 'timestamptz', comment: 'When it happened' },
    recorded_at: { type: 'timestamptz', comment: 'When it was recorded' },
    event_type: { type: 'text', comment: 'Type of the event' },
    account: { type: 'text', comment: 'Account of the line' },
    debit: { type: 'bigint', comment: 'Debit in minor units; 0 on a credit line' },
    credit: { type: 'bigint', comment: 'Credit in minor units; 0 on a debit line' },
    currency: { type: 'text', comment: 'ISO 4217 currency' },
    activity_id: { type: 'text', comment: 'Activity it concerns' },
    enrollment_id: {
      type: 'text',
      nullable: true,
      comment: 'Enrollment it concerns; null where a till was counted',
    },
    payment_id: { type: 'text', nullable: true, comment: 'Payment it concerns' },
    memo: { type: 'text', comment: 'What was booked, for people' },
  },
  key: ['journal_id', 'line'],
  indexes: [
    ['ordinal', 'line'],
    ['activity_id', 'ordinal', 'line'],
  ],
});

/** What booking the next event of an enrollment needs to know; nobody reads it. */
export const financePositions = defineTable({
  name: 'finance_positions',
  comment: "What is recognised and refunded of each enrollment's money.",
  columns: {
    enrollment_id: { type: 'text', comment: 'Id of the enrollment' },
    position: { type: 'jsonb', comment: 'Amounts in minor units' },
  },
  key: ['enrollment_id'],
});
