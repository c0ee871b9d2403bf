import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { receiveCash as decideReceive } from '../../domain/payment/decide.ts';
import { payment } from '../../domain/payment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const receiveCash = defineCommand({
  name: 'receive-cash',
  summary: 'Record the payment of cash that a till has taken',
  description: 'For a payment that was cut between the till and the payment.',
  tag: 'Payments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ paymentId: idSchema('pay') }),
  body: z.strictObject({
    tillId: idSchema('til'),
    enrollmentId: idSchema('enr'),
    activityId: idSchema('act'),
    memberId: idSchema('mem'),
    amount: moneySchema,
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['already-exists'],
  example: {
    params: { paymentId: exampleIds.paymentId },
    body: {
      tillId: exampleIds.tillId,
      enrollmentId: exampleIds.enrollmentId,
      activityId: exampleIds.activityId,
      memberId: exampleIds.memberId,
      amount: { amount: 2500, currency: 'EUR' },
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { paymentId }, body }) => {
    await decide(payment, paymentId, {
      decide: (state) => decideReceive(state, { paymentId, ...body }),
    });
    return {};
  },
});
