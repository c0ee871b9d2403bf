import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { settleRefund as decideSettle } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const settleRefund = defineCommand({
  name: 'settle-refund',
  summary: 'Record that Stripe gave the money back',
  tag: 'Payments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ paymentId: idSchema('pay') }),
  body: z.strictObject({
    refundId: idSchema('ref'),
    stripeRefundId: z.string().min(1),
    balanceTransactionId: z.string().nullable(),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['refund-not-found'],
  example: {
    params: { paymentId: exampleIds.paymentId },
    body: {
      refundId: exampleIds.refundId,
      stripeRefundId: 're_3example',
      balanceTransactionId: 'txn_3example',
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { paymentId }, body }) => {
    await decide(payment, paymentId, { decide: (state) => decideSettle(state, body) });
    return {};
  },
});
