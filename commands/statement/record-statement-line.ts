import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { recordLine } from '../../domain/statement/decide.ts';
import { StatementLineRecorded } from '../../domain/statement/events.ts';
import { statement } from '../../domain/statement/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const recordStatementLine = defineCommand({
  name: 'record-statement-line',
  summary: "Record a line of Stripe's own account statement",
  tag: 'Statement',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ balanceTransactionId: z.string().regex(/^txn_\w+$/) }),
  body: StatementLineRecorded.schema.omit({ balanceTransactionId: true }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['statement-changed'],
  example: {
    params: { balanceTransactionId: 'txn_3example' },
    body: {
      type: 'charge',
      reportingCategory: 'charge',
      gross: 2500,
      fee: 63,
      net: 2437,
      currency: 'EUR',
      sourceId: 'ch_3example',
      paymentId: exampleIds.paymentId,
      activityId: exampleIds.activityId,
      bookedAt: '2027-04-01T08:05:00.000Z',
      availableAt: '2027-04-03T00:00:00.000Z',
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { balanceTransactionId }, body }) => {
    await decide(statement, balanceTransactionId, {
      decide: (state) => recordLine(state, { balanceTransactionId, ...body }),
      isNew: true,
    });
    return {};
  },
});
