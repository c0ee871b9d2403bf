import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { lineSchema } from '../../domain/_kernel/text.ts';
import { cancelActivity as decideCancel } from '../../domain/activity/decide.ts';
import { activity } from '../../domain/activity/state.ts';
import { closeSeating } from '../../domain/seating/decide.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

export const cancelActivity = defineCommand({
  name: 'cancel-activity',
  summary: 'Cancel an activity',
  description:
    'Takes the activity out of the catalogue and gives no more seats away. Every enrollment is cancelled and what was paid is refunded in full, within moments.',
  tag: 'Activities',
  path: '/v1/activities/:activityId/cancel',
  permission: roles('staff', 'admin'),
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({ reason: lineSchema(1, 500).meta({ example: 'Thunderstorm warning' }) }),
  reply: z.strictObject({ id: idSchema('act'), status: z.enum(['cancelled']) }),
  status: 200,
  ifMatch: 'optional',
  refusals: ['not-found', 'already-cancelled'],
  example: {
    params: { activityId: exampleIds.activityId },
    body: { reason: 'Thunderstorm warning' },
    reply: { id: exampleIds.activityId, status: 'cancelled' },
  },
  execute: async ({ decide }, { params: { activityId }, body }) => {
    await decide(activity, activityId, { decide: (state) => decideCancel(state, body) });
    await decide(seating, activityId, {
      // A draft has no seats to close.
      decide: (state) =>
        state.status === 'none' ? [] : closeSeating(state, { cause: 'activity-cancelled' }),
    });
    return { id: activityId, status: 'cancelled' as const };
  },
});
