import { defineAggregate } from '../_kernel/aggregate.ts';
import { type ReservationEvent, reservationEvents } from './events.ts';

export type ReservationState =
  | { readonly status: 'free'; readonly owner: null }
  | { readonly status: 'taken'; readonly owner: string };

/** One value that is unique across aggregates; its stream is named by a keyed hash of the value. */
export const reservation = defineAggregate({ events: reservationEvents, initial, evolve });

function initial(): ReservationState {
  return { status: 'free', owner: null };
}

function evolve(_state: ReservationState, event: ReservationEvent): ReservationState {
  switch (event.type) {
    case 'ReservationMade':
      return { status: 'taken', owner: event.data.ownerId };
    case 'ReservationReleased':
      return initial();
  }
}
