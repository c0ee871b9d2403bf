import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { moneySchema } from '../../domain/_kernel/money.ts';
import { confirmFree, confirmEnrollment as decideConfirm } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const confirmEnrollment = defineCommand({
  name: 'confirm-enrollment',
  summary: 'Confirm an enrollment whose seat was confirmed',
  tag: 'Enrollments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({
    /** Null: a free waiter was promoted, nothing was due. */
    paid: z.strictObject({ paymentId: idSchema('pay'), amount: moneySchema }).nullable(),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found', 'already-confirmed', 'cancelled', 'lapsed', 'payment-due'],
  example: {
    params: { enrollmentId: exampleIds.enrollmentId },
    body: {
      paid: { paymentId: exampleIds.paymentId, amount: { amount: 2500, currency: 'EUR' } },
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { enrollmentId }, body: { paid } }) => {
    const ticketId = deriveId('tkt', enrollmentId);
    await decide(enrollment, enrollmentId, {
      decide: (state) =>
        paid === null
          ? confirmFree(state, { ticketId })
          : decideConfirm(state, {
              paymentId: paid.paymentId,
              amountPaid: paid.amount,
              ticketId,
            }),
    });
    return {};
  },
});
