import type { EnrollmentId, MemberId } from '../_kernel/ids.ts';
import { addMinutes, type Instant } from '../_kernel/time.ts';
import type { SeatingEvent } from './events.ts';
import { standing } from './line.ts';
import type { Place, SeatingState, Seats } from './state.ts';

/**
 * Most holds released (and most waiting promoted) by one decision. A decision is one append and an
 * append is bounded (EventStoreDB: 1 MiB by default; a seat event with its metadata is some 0.6 KiB):
 * without a bound, a thousand holds that expire together would make an append that never fits, and
 * the stream would stand still. What is left over goes with the next decisions.
 */
export const MAX_RELEASED_AT_ONCE = 250;

type OpenedSeating = Exclude<SeatingState, { status: 'none' }>;

/** A hold is good until its deadline, not at it. */
export function hasExpired(place: Place, now: Instant): boolean {
  return place.status === 'held' && place.heldUntil <= now;
}

/** Seats may be given away: to who asks, and to who waits. */
export function givesSeats(state: OpenedSeating, now: Instant): boolean {
  return state.status === 'open' && now < state.closesAt;
}

/** Seats that nobody holds or has, as stored: expired holds still count as taken. */
export function storedRoom(seats: Seats): number {
  return seats.capacity - seats.holds.size - seats.confirmed;
}

/** Seats left for a newcomer, as if every expired hold were released and everybody waiting served. */
export function roomForNewcomer(seats: Seats, now: Instant): number {
  let expired = 0;
  for (const entry of standing(seats.holds)) {
    if (entry.order > now) break;
    expired += 1;
  }
  return storedRoom(seats) + expired - seats.queue.size;
}

/** Places of a member that count now: an expired hold does not. */
export function livePlacesOf(seats: Seats, memberId: MemberId, now: Instant): number {
  let live = 0;
  for (const enrollmentId of seats.byMember.get(memberId) ?? []) {
    const place = seats.places.get(enrollmentId);
    if (place !== undefined && !hasExpired(place, now)) live += 1;
  }
  return live;
}

/**
 * Releases every hold whose deadline has passed and gives the seats to those who wait, in order of
 * arrival. Release and promotion are in one append, so nobody slips in between.
 *
 * - `room`: seats that are free before anything is released
 * - `keep`: seats among the free ones that the decision itself gives away
 * - `except`: an enrollment that the decision deals with itself
 */
export function settle(
  state: OpenedSeating,
  now: Instant,
  { room, keep = 0, except }: { room: number; keep?: number; except?: EnrollmentId },
): SeatingEvent[] {
  const events: SeatingEvent[] = [];
  for (const entry of standing(state.holds)) {
    if (entry.order > now || events.length >= MAX_RELEASED_AT_ONCE) break;
    if (entry.enrollmentId !== except) events.push(expiredHold(state, entry.enrollmentId));
  }
  if (!givesSeats(state, now)) return events;
  let promotions = Math.min(room + events.length - keep, MAX_RELEASED_AT_ONCE);
  for (const entry of standing(state.queue)) {
    if (promotions <= 0) break;
    if (entry.enrollmentId === except) continue;
    events.push(promoted(state, entry.enrollmentId, now));
    promotions -= 1;
  }
  return events;
}

/** What every decision does besides its own: see `settle`. */
export function releaseExpired(state: SeatingState, now: Instant): SeatingEvent[] {
  return state.status === 'none' ? [] : settle(state, now, { room: storedRoom(state) });
}

/** A hold never outlives the moment after which no seat is given away. */
export function holdUntil(seats: Seats, now: Instant, minutes: number): Instant {
  const deadline = addMinutes(now, minutes);
  return deadline < seats.closesAt ? deadline : seats.closesAt;
}

function expiredHold(seats: Seats, enrollmentId: EnrollmentId): SeatingEvent {
  const { memberId } = placeOf(seats, enrollmentId);
  return {
    type: 'SeatReleased',
    data: {
      activityId: seats.activityId,
      enrollmentId,
      memberId,
      was: 'held',
      cause: 'hold-expired',
    },
  };
}

function promoted(seats: Seats, enrollmentId: EnrollmentId, now: Instant): SeatingEvent {
  const place = placeOf(seats, enrollmentId);
  const ids = { activityId: seats.activityId, enrollmentId, memberId: place.memberId };
  const minutes = place.status === 'waitlisted' ? place.holdMinutes : null;
  if (minutes === null) return { type: 'SeatConfirmed', data: { ...ids, cause: 'free' } };
  const heldUntil = holdUntil(seats, now, minutes);
  return { type: 'SeatHeld', data: { ...ids, heldUntil, cause: 'promoted' } };
}

function placeOf(seats: Seats, enrollmentId: EnrollmentId): Place {
  const place = seats.places.get(enrollmentId);
  if (place === undefined) throw new RangeError(`${enrollmentId} stands in a line without a place`);
  return place;
}
