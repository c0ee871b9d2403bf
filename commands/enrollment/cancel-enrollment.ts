import { z } from 'zod';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { cancelEnrollment as decideCancel } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { mayTouch, notFound, personOf } from '../access.ts';
import { exampleIds } from '../examples.ts';

export const cancelEnrollment = defineCommand({
  name: 'cancel-enrollment',
  summary: 'Cancel an enrollment',
  description:
    'Gives the place back. What was paid is refunded in full; seat, ticket and refund follow within moments.',
  tag: 'Enrollments',
  path: '/v1/enrollments/:enrollmentId/cancel',
  permission: roles('member', 'staff', 'admin'),
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({}),
  reply: z.strictObject({ id: idSchema('enr'), status: z.enum(['cancelled']) }),
  status: 200,
  refusals: ['not-found', 'lapsed'],
  example: {
    params: { enrollmentId: exampleIds.enrollmentId },
    body: {},
    reply: { id: exampleIds.enrollmentId, status: 'cancelled' },
  },
  execute: async ({ decide }, { params: { enrollmentId } }, { principal }) => {
    await decide(enrollment, enrollmentId, {
      decide: (state) => {
        if (state.status === 'none' || !mayTouch(principal, state.memberId))
          return notFound('enrollment');
        const own = personOf(principal).id === state.memberId;
        return decideCancel(state, { cause: own ? 'by-member' : 'by-staff' });
      },
    });
    return { id: enrollmentId, status: 'cancelled' as const };
  },
});
