import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Instant } from '../_kernel/time.ts';
import type { ActivityEvent } from './events.ts';
import type { ActivityState, Plan } from './state.ts';

type Decided = Decision<ActivityEvent>;

export type DraftActivity = Plan & { readonly now: Instant };

export function draftActivity(state: ActivityState, input: DraftActivity): Decided {
  switch (state.status) {
    case 'none':
      return draft(input);
    case 'draft':
    case 'published':
    case 'cancelled':
      return rejected('already-exists', 'There is an activity under this id already.');
  }
}

function draft({ now, ...data }: DraftActivity): Decided {
  const { startsAt, endsAt } = data;
  if (endsAt <= startsAt) {
    return rejected('ends-before-start', 'An activity ends after it starts.', { startsAt, endsAt });
  }
  if (startsAt <= now) {
    return rejected('starts-in-past', 'An activity is planned before it starts.', {
      startsAt,
      now,
    });
  }
  return [{ type: 'ActivityDrafted', data }];
}

export type PublishActivity = { readonly now: Instant };

export function publishActivity(state: ActivityState, { now }: PublishActivity): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'draft': {
      const { activityId, startsAt } = state;
      if (startsAt <= now) {
        return rejected('already-started', 'The activity has started: nobody could enroll.', {
          startsAt,
          now,
        });
      }
      return [{ type: 'ActivityPublished', data: { activityId } }];
    }
    case 'published':
      return rejected('already-published', 'The activity is published already.');
    case 'cancelled':
      return rejected('cancelled', 'The activity was cancelled. Draft a new one.');
  }
}

export type CancelActivity = { readonly reason: string };

/** A cancellation is final: seats, money and tickets follow it. */
export function cancelActivity(state: ActivityState, { reason }: CancelActivity): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'draft':
    case 'published':
      return [{ type: 'ActivityCancelled', data: { activityId: state.activityId, reason } }];
    case 'cancelled':
      return rejected('already-cancelled', 'The activity was cancelled before.');
  }
}

function notFound(): Rejection {
  return rejected('not-found', 'There is no such activity.');
}
