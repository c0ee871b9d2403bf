import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { publishActivity as decidePublish } from '../../domain/activity/decide.ts';
import { activity } from '../../domain/activity/state.ts';
import { openSeating } from '../../domain/seating/decide.ts';
import { seating } from '../../domain/seating/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';
import { notFound, refuse } from '../access.ts';

export const publishActivity = defineCommand({
  name: 'publish-activity',
  summary: 'Publish an activity',
  description:
    'Puts the activity into the catalogue and opens its seats. Enrollment ends when it starts.',
  tag: 'Activities',
  path: '/v1/activities/:activityId/publish',
  permission: roles('staff', 'admin'),
  params: z.strictObject({ activityId: idSchema('act') }),
  body: z.strictObject({}),
  reply: z.strictObject({ id: idSchema('act'), status: z.enum(['published']) }),
  status: 200,
  ifMatch: 'optional',
  refusals: ['not-found', 'already-published', 'cancelled', 'already-started'],
  example: {
    params: { activityId: exampleIds.activityId },
    body: {},
    reply: { id: exampleIds.activityId, status: 'published' },
  },
  execute: async ({ decide }, { params: { activityId } }, { now }) => {
    const { view: plan } = await decide(activity, activityId, {
      decide: (state) => decidePublish(state, { now }),
      view: (state) => (state.status === 'none' ? null : state),
    });
    if (plan === null) return refuse(notFound('activity'));
    const { capacity, waitlist, seatsPerMember, startsAt: closesAt } = plan;
    await decide(seating, activityId, {
      isNew: true,
      // A repeat of a publication that was cut must not open what was cancelled meanwhile.
      decide: (state) =>
        plan.status === 'cancelled'
          ? []
          : openSeating(state, { activityId, capacity, waitlist, seatsPerMember, closesAt }),
    });
    return { id: activityId, status: 'published' as const };
  },
});
