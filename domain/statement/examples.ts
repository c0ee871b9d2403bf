import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { recordLine } from './decide.ts';
import type { StatementEvent } from './events.ts';
import { type StatementLine, statement } from './state.ts';

export const line: StatementLine = {
  balanceTransactionId: 'txn_example',
  type: 'charge',
  reportingCategory: 'charge',
  gross: 2563,
  fee: 63,
  net: 2500,
  currency: 'EUR',
  sourceId: 'ch_example',
  paymentId: exampleIds.paymentId,
  activityId: exampleIds.activityId,
  bookedAt: '2026-05-01T08:05:00.000Z',
  availableAt: '2026-05-04T00:00:00.000Z',
};
export const recorded: StatementEvent = { type: 'StatementLineRecorded', data: line };

export const examples = defineExamples(statement, {
  statuses: { none: [], recorded: [recorded] },
  commands: {
    recordLine: (state) => recordLine(state, line),
    'recordLine (another fee)': (state) => recordLine(state, { ...line, fee: 64, net: 2499 }),
  },
});
