import { clearSeats } from '../../commands/seating/clear-seats.ts';
import { closeSeating } from '../../commands/seating/close-seating.ts';
import { activityEvents } from '../../domain/activity/events.ts';
import { seatingEvents } from '../../domain/seating/events.ts';
import { defineSaga, type Reaction, send } from '../_runtime/definition.ts';

export type State = {
  /** `open`: nothing was cancelled, or not heard of yet. `cleared`: no place is left. */
  readonly status: 'open' | 'cancelled' | 'clearing' | 'cleared';
  readonly released: number;
  /** Places that are still taken; null: not known before the first portion. */
  readonly remaining: number | null;
};

const initial: State = { status: 'open', released: 0, remaining: null };

/**
 * An activity that does not take place owes everybody their money. This saga empties the seats,
 * portion by portion; each place that is given back ends its enrollment, and with it go ticket and
 * money (`hold-seat-until-paid`), side by side. The seating itself knows who is left, so however
 * many there are, the state here is three values and a crash anywhere is gone on from.
 */
export const refundOnActivityCancelled = defineSaga({
  name: 'refund-on-activity-cancelled',
  summary:
    'Empties the seats of a cancelled activity in portions; enrollments end, tickets are void and money goes back.',
  events: [activityEvents, seatingEvents],
  listens: ['ActivityCancelled', 'SeatingClosed', 'SeatsCleared'],
  instanceOf: (event) => event.data.activityId,
  initial,
  react: (state, input): Reaction<State> => {
    // What it sends is never refused, and it sets no timers.
    if (input.kind !== 'event') return { state, effects: [] };
    const { activityId } = input.event.data;
    switch (input.event.type) {
      case 'ActivityCancelled':
        return {
          state: { ...state, status: 'cancelled' },
          effects: [send(closeSeating, { activityId }, {})],
        };
      case 'SeatingClosed':
        return {
          state: { ...state, status: 'clearing' },
          effects: [send(clearSeats, { activityId }, {})],
        };
      case 'SeatsCleared': {
        const { released, remaining } = input.event.data;
        const next = { released: state.released + released, remaining };
        return remaining === 0
          ? { state: { ...next, status: 'cleared' }, effects: [] }
          : {
              state: { ...next, status: 'clearing' },
              effects: [send(clearSeats, { activityId }, {})],
            };
      }
    }
  },
});
