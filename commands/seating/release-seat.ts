import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { releaseSeat as decideRelease } from '../../domain/seating/decide.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, internalPermission } from '../_runtime/definition.ts';

export const releaseSeat = defineCommand({
  name: 'release-seat',
  summary: 'Give the place of a cancelled enrollment back; the next in the waitlist gets it',
  tag: 'Seating',
  path: null,
  permission: internalPermission,
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({
    enrollmentId: idSchema('enr'),
    memberId: idSchema('mem'),
    cause: z.enum(['cancelled', 'activity-cancelled']),
  }),
  reply: z.strictObject({}),
  status: 200,
  refusals: [],
  example: {
    params: { activityId: exampleIds.activityId },
    body: {
      enrollmentId: exampleIds.enrollmentId,
      memberId: exampleIds.memberId,
      cause: 'cancelled',
    },
    reply: {},
  },
  execute: async ({ decide }, { params: { activityId }, body }, { now }) => {
    await decide(seating, activityId, {
      decide: (state) => decideRelease(state, { ...body, now }),
    });
    return {};
  },
});
