import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { cancelEnrollment as decideCancel } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const callOffEnrollment = defineCommand({
  name: 'call-off-enrollment',
  summary:
    'Cancel an enrollment that has lost its seat: its activity was cancelled, or it came late',
  tag: 'Enrollments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({
    /** Left out: `activity-cancelled`. */
    cause: z.enum(['activity-cancelled', 'seat-given-back']).optional(),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found', 'lapsed'],
  example: { params: { enrollmentId: exampleIds.enrollmentId }, body: {}, reply: {} },
  execute: async ({ decide }, { params: { enrollmentId }, body }) => {
    const { cause = 'activity-cancelled' } = body;
    await decide(enrollment, enrollmentId, {
      decide: (state) => decideCancel(state, { cause }),
    });
    return {};
  },
});
