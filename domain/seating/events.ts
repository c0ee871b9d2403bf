import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { instantSchema } from '../_kernel/time.ts';

const seat = {
  activityId: idSchema('act'),
  enrollmentId: idSchema('enr'),
  memberId: idSchema('mem'),
};

export const SeatingOpened = defineEvent({
  type: 'SeatingOpened',
  summary: 'Seats of a published activity can be taken.',
  data: {
    activityId: idSchema('act'),
    capacity: z.int().min(1).max(100_000),
    waitlist: z.boolean(),
    seatsPerMember: z.int().min(1).max(1000),
    /** No seat is given away after this moment. */
    closesAt: instantSchema,
  },
});

export const SeatHeld = defineEvent({
  type: 'SeatHeld',
  summary: 'A seat is kept for an enrollment until a deadline.',
  data: {
    ...seat,
    heldUntil: instantSchema,
    /** `enrolled`: asked for; `promoted`: next in the waitlist. */
    cause: z.enum(['enrolled', 'promoted']),
  },
});

export const SeatConfirmed = defineEvent({
  type: 'SeatConfirmed',
  summary: 'The seat is taken for good: paid, or free of charge.',
  data: { ...seat, cause: z.enum(['free', 'paid', 'late-payment']) },
});

export const SeatWaitlisted = defineEvent({
  type: 'SeatWaitlisted',
  summary: 'No seat was left; the enrollment waits in order of arrival.',
  data: {
    ...seat,
    /** Minutes of hold the member gets when a seat comes free; null: free of charge, confirmed at once. */
    holdMinutes: z.int().min(1).nullable(),
  },
});

export const SeatReleased = defineEvent({
  type: 'SeatReleased',
  summary: 'A held, confirmed or waiting place was given back.',
  data: {
    ...seat,
    was: z.enum(['held', 'confirmed', 'waitlisted']),
    cause: z.enum(['hold-expired', 'cancelled', 'activity-cancelled']),
  },
});

export const SeatingClosed = defineEvent({
  type: 'SeatingClosed',
  summary: 'No more seats are given away: the activity was cancelled.',
  data: { activityId: idSchema('act'), cause: z.enum(['activity-cancelled']) },
});

export const SeatsCleared = defineEvent({
  type: 'SeatsCleared',
  summary: 'A portion of a closed seating was emptied; the releases stand before it.',
  data: {
    activityId: idSchema('act'),
    /** Places released by this portion. */
    released: z.int().min(1),
    /** Places that are still taken: another portion is due unless it is 0. */
    remaining: z.int().min(0),
  },
});

export const seatingEvents = defineEvents('seating', [
  SeatingOpened,
  SeatHeld,
  SeatConfirmed,
  SeatWaitlisted,
  SeatReleased,
  SeatingClosed,
  SeatsCleared,
]);
export type SeatingEvent = EventsOf<typeof seatingEvents>;
