import { defineAggregate } from '../_kernel/aggregate.ts';
import type { EventOf } from '../_kernel/event.ts';
import { impossible } from '../_kernel/history.ts';
import { type ActivityDrafted, type ActivityEvent, activityEvents } from './events.ts';

/** What staff planned: the fields of `ActivityDrafted`. */
export type Plan = Readonly<EventOf<typeof ActivityDrafted>['data']>;

export type ActivityState =
  | { readonly status: 'none' }
  | (Plan & { readonly status: 'draft' })
  | (Plan & { readonly status: 'published' })
  | (Plan & { readonly status: 'cancelled'; readonly reason: string });

/** The plan of an activity. Its seats are another aggregate, so that enrolling does not fail edits. */
export const activity = defineAggregate({ events: activityEvents, initial, evolve });

function initial(): ActivityState {
  return { status: 'none' };
}

function evolve(state: ActivityState, event: ActivityEvent): ActivityState {
  if (event.type === 'ActivityDrafted') {
    return state.status === 'none'
      ? { ...event.data, status: 'draft' }
      : impossible(event, state.status);
  }
  if (state.status === 'none') return impossible(event, state.status);
  switch (event.type) {
    case 'ActivityPublished':
      return { ...state, status: 'published' };
    case 'ActivityCancelled':
      return { ...state, status: 'cancelled', reason: event.data.reason };
  }
}
