import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { closePaymentAttempt as decideClose } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const closePaymentAttempt = defineCommand({
  name: 'close-payment-attempt',
  summary: 'Close an attempt to pay that can bring no money any more',
  tag: 'Enrollments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({
    paymentId: idSchema('pay'),
    cause: z.enum(['cancelled', 'refunded']),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found'],
  example: {
    params: { enrollmentId: exampleIds.enrollmentId },
    body: { paymentId: exampleIds.paymentId, cause: 'cancelled' },
    reply: {},
  },
  execute: async ({ decide }, { params: { enrollmentId }, body }) => {
    await decide(enrollment, enrollmentId, { decide: (state) => decideClose(state, body) });
    return {};
  },
});
