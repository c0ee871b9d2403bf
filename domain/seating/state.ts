import { defineAggregate } from '../_kernel/aggregate.ts';
import type { EventOf } from '../_kernel/event.ts';
import { impossible } from '../_kernel/history.ts';
import type { ActivityId, EnrollmentId, MemberId } from '../_kernel/ids.ts';
import type { Instant } from '../_kernel/time.ts';
import {
  type SeatingEvent,
  type SeatingOpened,
  type SeatReleased,
  seatingEvents,
} from './events.ts';
import { emptyLine, joinLine, type Line, type LineEntry, leaveLine } from './line.ts';

export type ReleaseCause = EventOf<typeof SeatReleased>['data']['cause'];

/** What an enrollment has of the activity's seats. */
export type Place =
  | {
      readonly status: 'held';
      readonly memberId: MemberId;
      readonly heldUntil: Instant;
      readonly entry: LineEntry;
    }
  | { readonly status: 'confirmed'; readonly memberId: MemberId }
  | {
      readonly status: 'waitlisted';
      readonly memberId: MemberId;
      readonly holdMinutes: number | null;
      readonly entry: LineEntry;
    };

export type Seats = {
  readonly activityId: ActivityId;
  readonly capacity: number;
  readonly waitlist: boolean;
  readonly seatsPerMember: number;
  readonly closesAt: Instant;
  readonly places: Map<EnrollmentId, Place>;
  readonly byMember: Map<MemberId, Set<EnrollmentId>>;
  /** Why an enrollment lost its place: late money is seated after an expired hold, not after a cancellation. */
  readonly released: Map<EnrollmentId, ReleaseCause>;
  /** Held places by deadline. */
  readonly holds: Line;
  /** Waiting places by arrival. */
  readonly queue: Line;
  confirmed: number;
};

export type SeatingState =
  | { readonly status: 'none' }
  | (Seats & { readonly status: 'open' })
  | (Seats & { readonly status: 'closed' });

/**
 * The seats of one activity. A hot activity has tens of thousands of events, so `evolve` changes
 * the state it is given (each event O(1) amortised, whatever the capacity): whoever folds decided
 * events before they are stored has to do without that state if the append fails.
 */
export const seating = defineAggregate({ events: seatingEvents, initial, evolve });

function initial(): SeatingState {
  return { status: 'none' };
}

function evolve(state: SeatingState, event: SeatingEvent): SeatingState {
  if (event.type === 'SeatingOpened') {
    return state.status === 'none' ? opened(event) : impossible(event, state.status);
  }
  if (state.status === 'none') return impossible(event, state.status);
  switch (event.type) {
    case 'SeatHeld': {
      const { enrollmentId, memberId, heldUntil } = event.data;
      vacate(state, enrollmentId);
      const entry = joinLine(state.holds, enrollmentId, heldUntil);
      occupy(state, enrollmentId, { status: 'held', memberId, heldUntil, entry });
      return state;
    }
    case 'SeatConfirmed': {
      const { enrollmentId, memberId } = event.data;
      vacate(state, enrollmentId);
      state.confirmed += 1;
      occupy(state, enrollmentId, { status: 'confirmed', memberId });
      return state;
    }
    case 'SeatWaitlisted': {
      const { enrollmentId, memberId, holdMinutes } = event.data;
      vacate(state, enrollmentId);
      // One order for all: who comes later stands behind.
      const entry = joinLine(state.queue, enrollmentId, '');
      occupy(state, enrollmentId, { status: 'waitlisted', memberId, holdMinutes, entry });
      return state;
    }
    case 'SeatReleased':
      vacate(state, event.data.enrollmentId);
      state.released.set(event.data.enrollmentId, event.data.cause);
      return state;
    case 'SeatingClosed':
      return { ...state, status: 'closed' };
    case 'SeatsCleared':
      return state;
  }
}

function opened({ data }: EventOf<typeof SeatingOpened>): SeatingState {
  return {
    status: 'open',
    ...data,
    places: new Map(),
    byMember: new Map(),
    released: new Map(),
    holds: emptyLine(),
    queue: emptyLine(),
    confirmed: 0,
  };
}

function occupy(seats: Seats, enrollmentId: EnrollmentId, place: Place): void {
  seats.places.set(enrollmentId, place);
  const own = seats.byMember.get(place.memberId);
  if (own === undefined) seats.byMember.set(place.memberId, new Set([enrollmentId]));
  else own.add(enrollmentId);
}

function vacate(seats: Seats, enrollmentId: EnrollmentId): void {
  const place = seats.places.get(enrollmentId);
  if (place === undefined) return;
  seats.places.delete(enrollmentId);
  const own = seats.byMember.get(place.memberId);
  own?.delete(enrollmentId);
  if (own?.size === 0) seats.byMember.delete(place.memberId);
  switch (place.status) {
    case 'held':
      leaveLine(seats.holds, place.entry);
      return;
    case 'waitlisted':
      leaveLine(seats.queue, place.entry);
      return;
    case 'confirmed':
      seats.confirmed -= 1;
      return;
  }
}
