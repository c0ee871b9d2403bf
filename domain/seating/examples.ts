import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import { deriveId } from '../_kernel/ids.ts';
import {
  clearSeats,
  closeSeating,
  confirmSeat,
  expireHolds,
  openSeating,
  releaseSeat,
  takeSeat,
} from './decide.ts';
import type { SeatingEvent } from './events.ts';
import { seating } from './state.ts';

const { activityId, enrollmentId, memberId } = exampleIds;
const ids = { activityId, enrollmentId, memberId };
const now = '2026-05-01T08:00:00.000Z';
const enrollment = { enrollmentId, memberId, now };

/** The n-th other member's enrollment. */
export function other(n: number) {
  return {
    activityId,
    enrollmentId: deriveId('enr', 'other', n),
    memberId: deriveId('mem', 'other', n),
  };
}

const opening = {
  activityId,
  capacity: 1,
  waitlist: true,
  seatsPerMember: 2,
  closesAt: '2026-06-01T08:00:00.000Z',
};
export const seatingOpened = { type: 'SeatingOpened', data: opening } as const;
const heldUntil = '2026-05-01T08:30:00.000Z';
const held: SeatingEvent = { type: 'SeatHeld', data: { ...ids, heldUntil, cause: 'enrolled' } };
const heldByOther: SeatingEvent = {
  type: 'SeatHeld',
  data: { ...other(1), heldUntil, cause: 'enrolled' },
};
const expired: SeatingEvent = {
  type: 'SeatHeld',
  data: { ...ids, heldUntil: '2026-05-01T07:59:00.000Z', cause: 'enrolled' },
};
const waiting: SeatingEvent = {
  type: 'SeatWaitlisted',
  data: { ...other(2), holdMinutes: 30 },
};
const lost: SeatingEvent = {
  type: 'SeatReleased',
  data: { ...ids, was: 'held', cause: 'hold-expired' },
};
const closed: SeatingEvent = {
  type: 'SeatingClosed',
  data: { activityId, cause: 'activity-cancelled' },
};

const take = { ...enrollment, free: false, holdMinutes: 30, joinWaitlist: false };

/** One seat; "own" is the enrollment the commands are about. */
export const examples = defineExamples(seating, {
  statuses: { none: [], open: [seatingOpened], closed: [seatingOpened, held, closed] },
  situations: {
    'own held': [seatingOpened, held],
    'own held, another waits': [seatingOpened, held, waiting],
    'own hold expired, another waits': [seatingOpened, expired, waiting],
    'own lapsed, seat free': [seatingOpened, expired, lost],
    'own lapsed, seat taken': [seatingOpened, expired, lost, heldByOther],
    'sold out': [seatingOpened, heldByOther],
    'closed, empty': [seatingOpened, closed],
  },
  commands: {
    openSeating: (state) => openSeating(state, opening),
    takeSeat: (state) => takeSeat(state, take),
    'takeSeat (free)': (state) => takeSeat(state, { ...take, free: true }),
    'takeSeat (would wait)': (state) => takeSeat(state, { ...take, joinWaitlist: true }),
    confirmSeat: (state) => confirmSeat(state, enrollment),
    releaseSeat: (state) => releaseSeat(state, { ...enrollment, cause: 'cancelled' }),
    expireHolds: (state) => expireHolds(state, { now }),
    clearSeats: (state) => clearSeats(state),
    closeSeating: (state) => closeSeating(state, { cause: 'activity-cancelled' }),
  },
});
