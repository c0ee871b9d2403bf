import type { ActivityId, EnrollmentId, MemberId } from '../_kernel/ids.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Instant } from '../_kernel/time.ts';
import type { SeatingEvent } from './events.ts';
import {
  givesSeats,
  hasExpired,
  holdUntil,
  livePlacesOf,
  MAX_RELEASED_AT_ONCE,
  releaseExpired,
  roomForNewcomer,
  settle,
  storedRoom,
} from './settle.ts';
import type { ReleaseCause, SeatingState, Seats } from './state.ts';

type Open = Extract<SeatingState, { status: 'open' }>;

export type OpenSeating = {
  readonly activityId: ActivityId;
  readonly capacity: number;
  readonly waitlist: boolean;
  readonly seatsPerMember: number;
  readonly closesAt: Instant;
};

export function openSeating(state: SeatingState, input: OpenSeating): Decision<SeatingEvent> {
  switch (state.status) {
    case 'none': {
      const { activityId, capacity, waitlist, seatsPerMember, closesAt } = input;
      return [
        {
          type: 'SeatingOpened',
          data: { activityId, capacity, waitlist, seatsPerMember, closesAt },
        },
      ];
    }
    case 'open':
    case 'closed':
      return [];
  }
}

export type CloseSeating = { readonly cause: 'activity-cancelled' };

/** No seat is given away any more. What becomes of those that are taken is decided elsewhere. */
export function closeSeating(state: SeatingState, { cause }: CloseSeating): Decision<SeatingEvent> {
  switch (state.status) {
    case 'none':
      return notOpen();
    case 'open':
      return [{ type: 'SeatingClosed', data: { activityId: state.activityId, cause } }];
    case 'closed':
      return [];
  }
}

/**
 * Gives the places of a closed seating back, the next portion of them: a decision is one append, and
 * an append is bounded. `SeatsCleared` says whether more is left. Nobody is promoted any more.
 */
export function clearSeats(
  state: SeatingState,
  _input: Readonly<Record<string, never>> = {},
): Decision<SeatingEvent> {
  switch (state.status) {
    case 'none':
    case 'open':
      return [];
    case 'closed': {
      const { activityId, places } = state;
      const portion = places.entries().take(MAX_RELEASED_AT_ONCE).toArray();
      if (portion.length === 0) return [];
      const cause = 'activity-cancelled';
      return [
        ...portion.map(([enrollmentId, { memberId, status: was }]): SeatingEvent => {
          const data = { activityId, enrollmentId, memberId, was, cause } as const;
          return { type: 'SeatReleased', data };
        }),
        {
          type: 'SeatsCleared',
          data: {
            activityId,
            released: portion.length,
            remaining: places.size - portion.length,
          },
        },
      ];
    }
  }
}

export type TakeSeat = {
  readonly enrollmentId: EnrollmentId;
  readonly memberId: MemberId;
  readonly now: Instant;
  /** Nothing is due: the seat is confirmed at once. */
  readonly free: boolean;
  readonly holdMinutes: number;
  /** The member would rather wait than be refused. */
  readonly joinWaitlist: boolean;
};

/** Held, confirmed (free), waitlisted or refused. An expired hold never stands in anybody's way. */
export function takeSeat(state: SeatingState, input: TakeSeat): Decision<SeatingEvent> {
  switch (state.status) {
    case 'none':
      return notOpen();
    case 'open':
    case 'closed':
      if (state.places.has(input.enrollmentId)) return [];
      if (state.status === 'closed' || !givesSeats(state, input.now)) return closed(state);
      return takeOpenSeat(state, input);
  }
}

function takeOpenSeat(state: Open, input: TakeSeat): Decision<SeatingEvent> {
  const { enrollmentId, memberId, now, free, holdMinutes } = input;
  const { activityId, seatsPerMember } = state;
  const places = livePlacesOf(state, memberId, now);
  if (places >= seatsPerMember) {
    return rejected(
      'seat-limit',
      `A member may have ${seatsPerMember} places of this activity at a time.`,
      { seatsPerMember, places },
    );
  }
  const ids = { activityId, enrollmentId, memberId };
  if (roomForNewcomer(state, now) > 0) {
    // One seat is kept back from the waitlist: everybody in it is served from the rest.
    const before = settle(state, now, { room: storedRoom(state), keep: 1 });
    if (free) return [...before, { type: 'SeatConfirmed', data: { ...ids, cause: 'free' } }];
    const heldUntil = holdUntil(state, now, holdMinutes);
    return [...before, { type: 'SeatHeld', data: { ...ids, heldUntil, cause: 'enrolled' } }];
  }
  if (!state.waitlist || !input.joinWaitlist) return soldOut(state, now);
  return [
    ...releaseExpired(state, now),
    { type: 'SeatWaitlisted', data: { ...ids, holdMinutes: free ? null : holdMinutes } },
  ];
}

export type ConfirmSeat = {
  readonly enrollmentId: EnrollmentId;
  readonly memberId: MemberId;
  readonly now: Instant;
};

/**
 * Money has come for an enrollment. Late money is seated too, as long as there is room. Refused as
 * `sold-out`, `closed` or `cancelled` it has to go back; `not-open` and `not-found` are faults.
 */
export function confirmSeat(state: SeatingState, input: ConfirmSeat): Decision<SeatingEvent> {
  switch (state.status) {
    case 'none':
      return notOpen();
    case 'open':
    case 'closed':
      if (state.places.get(input.enrollmentId)?.status === 'confirmed') return [];
      return state.status === 'closed' ? closed(state) : confirmOpenSeat(state, input);
  }
}

function confirmOpenSeat(state: Open, input: ConfirmSeat): Decision<SeatingEvent> {
  const { enrollmentId, memberId, now } = input;
  const ids = { activityId: state.activityId, enrollmentId, memberId };
  const place = state.places.get(enrollmentId);
  const late = { type: 'SeatConfirmed', data: { ...ids, cause: 'late-payment' } } as const;
  if (place?.status === 'held') {
    const expired = hasExpired(place, now);
    if (expired && !givesSeats(state, now)) return closed(state);
    // Nobody took the seat meanwhile, so it is confirmed before others' expired holds are released.
    const own = expired ? late : ({ ...late, data: { ...ids, cause: 'paid' } } as const);
    return [own, ...settle(state, now, { room: storedRoom(state), except: enrollmentId })];
  }
  if (place?.status === 'waitlisted') return soldOut(state, now);
  const released = state.released.get(enrollmentId);
  if (released === undefined) {
    return rejected('not-found', 'This enrollment never had a place here.', { enrollmentId });
  }
  if (released !== 'hold-expired') {
    return rejected('cancelled', 'The enrollment was called off before the money came.', {
      enrollmentId,
    });
  }
  if (!givesSeats(state, now)) return closed(state);
  if (roomForNewcomer(state, now) <= 0) return soldOut(state, now);
  return [...settle(state, now, { room: storedRoom(state), keep: 1 }), late];
}

export type ReleaseSeat = {
  readonly enrollmentId: EnrollmentId;
  readonly memberId: MemberId;
  readonly now: Instant;
  readonly cause: Exclude<ReleaseCause, 'hold-expired'>;
};

/** A place is given back, and the next in the waitlist has it in the same append. */
export function releaseSeat(state: SeatingState, input: ReleaseSeat): Decision<SeatingEvent> {
  switch (state.status) {
    case 'none':
      return [];
    case 'open':
    case 'closed': {
      const { enrollmentId, now, cause } = input;
      const place = state.places.get(enrollmentId);
      if (place === undefined) return [];
      const { activityId } = state;
      const { memberId, status: was } = place;
      const room = storedRoom(state) + (was === 'waitlisted' ? 0 : 1);
      return [
        { type: 'SeatReleased', data: { activityId, enrollmentId, memberId, was, cause } },
        ...settle(state, now, { room, except: enrollmentId }),
      ];
    }
  }
}

export type ExpireHolds = { readonly now: Instant };

/** The timer's part: the state decides whether there is anything to release. */
export function expireHolds(state: SeatingState, { now }: ExpireHolds): Decision<SeatingEvent> {
  return releaseExpired(state, now);
}

function notOpen(): Rejection {
  return rejected('not-open', 'No seats of this activity are given away yet.');
}

function closed({ closesAt }: Seats): Rejection {
  return rejected('closed', 'No more seats of this activity are given away.', { closesAt });
}

/** The counts are those after every expired hold is released: what a newcomer would meet. */
function soldOut(seats: Seats, now: Instant): Rejection {
  const { capacity, confirmed, waitlist } = seats;
  const waiting = Math.max(0, -roomForNewcomer(seats, now));
  return rejected('sold-out', 'Every seat of this activity is held or confirmed.', {
    capacity,
    held: capacity - confirmed,
    confirmed,
    waiting,
    waitlist,
  });
}
