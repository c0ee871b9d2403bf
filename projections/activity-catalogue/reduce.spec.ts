import { expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { season } from '../_fixtures/season.ts';
import { deliver, rowsAfter, type Told } from '../_runtime/spec-kit.ts';
import { activityCatalogueProjection as projection } from './reduce.ts';
import { activityCatalogue, activityPlaces } from './table.ts';

const activityId = deriveId('act', 'a');
const seats = { capacity: 3, waitlist: true, seatsPerMember: 2 };
const plan = {
  activityId,
  title: 'Puppy week',
  description: '',
  venue: 'Kita 7',
  startsAt: '2026-06-01T08:00:00.000Z',
  endsAt: '2026-06-01T10:00:00.000Z',
  timeZone: 'Europe/Berlin',
  price: { amount: 0, currency: 'EUR' },
  ...seats,
};
const stream = `seating-${activityId}`;
const opening = [
  [`activity-${activityId}`, { type: 'ActivityDrafted', data: plan }],
  [`activity-${activityId}`, { type: 'ActivityPublished', data: { activityId } }],
  [stream, { type: 'SeatingOpened', data: { activityId, ...seats, closesAt: plan.startsAt } }],
] as const;

const seat = (type: string, n: number, more: object = {}) =>
  [
    stream,
    {
      type,
      data: {
        activityId,
        enrollmentId: deriveId('enr', `${n}`),
        memberId: deriveId('mem', 'm'),
        ...more,
      },
    },
  ] as const;

const countsAfter = (...seatEvents: readonly Told[]) => {
  const [row] = rowsAfter(projection, deliver(...opening, ...seatEvents)).of(activityCatalogue);
  return { held: row?.held, confirmed: row?.confirmed, waitlisted: row?.waitlisted };
};

test('a place is counted by what it is now, wherever it came from', () => {
  const held = seat('SeatHeld', 1, { heldUntil: plan.startsAt, cause: 'enrolled' });
  const waits = seat('SeatWaitlisted', 2, { holdMinutes: null });
  expect(countsAfter(held, waits)).toEqual({ held: 1, confirmed: 0, waitlisted: 1 });
  const paid = seat('SeatConfirmed', 1, { cause: 'paid' });
  expect(countsAfter(held, waits, paid)).toEqual({ held: 0, confirmed: 1, waitlisted: 1 });
  // A waiting enrollment of a free activity is confirmed at once, and its event does not say so.
  const free = seat('SeatConfirmed', 2, { cause: 'free' });
  expect(countsAfter(held, waits, paid, free)).toEqual({ held: 0, confirmed: 2, waitlisted: 0 });
  const promoted = seat('SeatHeld', 2, { heldUntil: plan.startsAt, cause: 'promoted' });
  expect(countsAfter(held, waits, promoted)).toEqual({ held: 2, confirmed: 0, waitlisted: 0 });
  const released = seat('SeatReleased', 1, { was: 'held', cause: 'hold-expired' });
  expect(countsAfter(held, released)).toEqual({ held: 0, confirmed: 0, waitlisted: 0 });
  const late = seat('SeatConfirmed', 1, { cause: 'late-payment' });
  expect(countsAfter(held, released, late)).toEqual({ held: 0, confirmed: 1, waitlisted: 0 });
});

test.each([1, 2, 3])('the counters are the places there are, over a whole season (%i)', (seed) => {
  const rows = rowsAfter(projection, season({ seed, enrollments: 200 }));
  for (const activity of rows.of(activityCatalogue)) {
    const places = rows
      .of(activityPlaces)
      .filter((row) => row.activity_id === activity.activity_id);
    const count = (place: string) => places.filter((row) => row.place === place).length;
    expect(activity).toMatchObject({
      held: count('held'),
      confirmed: count('confirmed'),
      waitlisted: count('waitlisted'),
    });
    expect(activity.confirmed).toBeGreaterThan(0);
  }
});
