import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { requestRefund as decideRequest } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const requestRefund = defineCommand({
  name: 'request-refund',
  summary: 'Set captured money aside to be given back',
  tag: 'Payments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ paymentId: idSchema('pay') }),
  body: z.strictObject({
    refundId: idSchema('ref'),
    amount: moneySchema,
    cause: z.enum(['late-payment', 'enrollment-cancelled', 'activity-cancelled']),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found', 'not-paid', 'nothing-to-refund', 'refund-exceeds-payment'],
  example: {
    params: { paymentId: exampleIds.paymentId },
    body: {
      refundId: exampleIds.refundId,
      amount: { amount: 2500, currency: 'EUR' },
      cause: 'late-payment',
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { paymentId }, body }) => {
    await decide(payment, paymentId, { decide: (state) => decideRequest(state, body) });
    return {};
  },
});
