import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { instantSchema } from '../../domain/_kernel/time.ts';
import { promoteEnrollment as decidePromote } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const promoteEnrollment = defineCommand({
  name: 'promote-enrollment',
  summary: 'Tell a waiting enrollment that a seat is held for it',
  tag: 'Enrollments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({ holdExpiresAt: instantSchema }),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found'],
  example: {
    params: { enrollmentId: exampleIds.enrollmentId },
    body: { holdExpiresAt: '2027-04-01T08:30:00.000Z' },
    reply: {},
  },
  execute: async ({ decide }, { params: { enrollmentId }, body }) => {
    await decide(enrollment, enrollmentId, { decide: (state) => decidePromote(state, body) });
    return {};
  },
});
