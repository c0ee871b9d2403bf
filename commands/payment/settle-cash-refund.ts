import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { payOutRefund as decidePayOut } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const settleCashRefund = defineCommand({
  name: 'settle-cash-refund',
  summary: 'Record a refund that a till has paid out',
  description: 'For a refund that was cut between the till and the payment.',
  tag: 'Payments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ paymentId: idSchema('pay') }),
  body: z.strictObject({ refundId: idSchema('ref'), tillId: idSchema('til') }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['refund-not-found', 'paid-by-card', 'already-paid-out'],
  example: {
    params: { paymentId: exampleIds.paymentId },
    body: { refundId: exampleIds.refundId, tillId: exampleIds.tillId },
    reply: {},
  },
  execute: async ({ decide }, { params: { paymentId }, body }) => {
    await decide(payment, paymentId, { decide: (state) => decidePayOut(state, body) });
    return {};
  },
});
