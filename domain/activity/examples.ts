import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { cancelActivity, draftActivity, publishActivity } from './decide.ts';
import type { ActivityEvent } from './events.ts';
import { activity } from './state.ts';

const { activityId } = exampleIds;
export const now = '2026-05-01T08:00:00.000Z';
export const plan = {
  activityId,
  title: 'Puppy first week',
  description: 'Basics for the first days at home.',
  venue: 'Hall 2, Example Street 5',
  startsAt: '2026-06-01T08:00:00.000Z',
  endsAt: '2026-06-01T10:00:00.000Z',
  timeZone: 'Europe/Berlin',
  price: { amount: 2500, currency: 'EUR' },
  capacity: 20,
  waitlist: true,
  seatsPerMember: 2,
} as const;

export const drafted: ActivityEvent = { type: 'ActivityDrafted', data: plan };
export const published: ActivityEvent = { type: 'ActivityPublished', data: { activityId } };
export const cancelled: ActivityEvent = {
  type: 'ActivityCancelled',
  data: { activityId, reason: 'The trainer is ill' },
};

export const examples = defineExamples(activity, {
  statuses: {
    none: [],
    draft: [drafted],
    published: [drafted, published],
    cancelled: [drafted, published, cancelled],
  },
  commands: {
    draftActivity: (state) => draftActivity(state, { ...plan, now }),
    publishActivity: (state) => publishActivity(state, { now }),
    'publishActivity (too late)': (state) => publishActivity(state, { now: plan.startsAt }),
    cancelActivity: (state) => cancelActivity(state, { reason: 'The trainer is ill' }),
  },
});
