import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { lapseEnrollment as decideLapse } from '../../domain/enrollment/decide.ts';
import { enrollment } from '../../domain/enrollment/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const lapseEnrollment = defineCommand({
  name: 'lapse-enrollment',
  summary: 'Let an enrollment lapse whose hold ended unpaid',
  tag: 'Enrollments',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ enrollmentId: idSchema('enr') }),
  body: z.strictObject({}),
  reply: z.strictObject({}),
  status: 200,
  refusals: ['not-found'],
  example: { params: { enrollmentId: exampleIds.enrollmentId }, body: {}, reply: {} },
  execute: async ({ decide }, { params: { enrollmentId } }) => {
    await decide(enrollment, enrollmentId, { decide: (state) => decideLapse(state) });
    return {};
  },
});
