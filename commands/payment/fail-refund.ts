import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { failRefund as decideFail } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const failRefund = defineCommand({
  name: 'fail-refund',
  summary: 'Record that Stripe could not give the money back',
  tag: 'Payments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ paymentId: idSchema('pay') }),
  body: z.strictObject({
    refundId: idSchema('ref'),
    stripeRefundId: z.string().nullable(),
    code: z.string().min(1),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['refund-not-found'],
  example: {
    params: { paymentId: exampleIds.paymentId },
    body: {
      refundId: exampleIds.refundId,
      stripeRefundId: 're_3example',
      code: 'expired_or_canceled_card',
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { paymentId }, body }) => {
    await decide(payment, paymentId, { decide: (state) => decideFail(state, body) });
    return {};
  },
});
