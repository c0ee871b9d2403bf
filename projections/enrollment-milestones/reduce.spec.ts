import { describe, expect, it } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { deliver, instantOf, rowsAfter } from '../_runtime/spec-kit.ts';
import { enrollmentMilestonesProjection } from './reduce.ts';
import { enrollmentMilestones, ticketScans } from './table.ts';

const ids = {
  enrollmentId: deriveId('enr', 'a'),
  activityId: deriveId('act', 'a'),
  memberId: deriveId('mem', 'a'),
};
const ticketId = deriveId('tkt', 'a');
const door = deriveId('act', 'door');
const deadline = '2026-05-01T08:15:00.000Z';
const eur = (amount: number) => ({ amount, currency: 'EUR' });

type Step = readonly [type: string, data: object];
const requested = (outcome: string): Step => [
  'EnrollmentRequested',
  {
    ...{ attendeeName: 'Ada', attendeeEmail: 'ada@example.com', outcome },
    ...{ price: eur(2500), serviceFee: eur(125), amountDue: eur(2625), holdExpiresAt: null },
    petIds: [deriveId('pet', 'a'), deriveId('pet', 'b')],
  },
];
const promoted: Step = ['EnrollmentPromoted', { holdExpiresAt: deadline }];
const confirmed: Step = ['EnrollmentConfirmed', { ticketId, paymentId: null, amountPaid: eur(0) }];
const lapsed: Step = ['EnrollmentLapsed', { cause: 'hold-expired' }];
const cancelled: Step = ['EnrollmentCancelled', { cause: 'by-member' }];
const scan = (decision: string, scannedAt: string): Step => [
  'TicketScanned',
  {
    ...{ ticketId, scannedFor: door, deviceId: 'd', nonce: scannedAt, scannedAt, decision },
    admittedAt: null,
  },
];

const after = (...steps: readonly Step[]) => {
  const told = steps.map(([type, data]) => ['own', { type, data: { ...ids, ...data } }] as const);
  return rowsAfter(enrollmentMilestonesProjection, deliver(...told));
};
const milestones = (...steps: readonly Step[]) => after(...steps).of(enrollmentMilestones)[0];
const never = {
  ...{ waitlisted_at: null, held_at: null, promoted_at: null, confirmed_at: null },
  ...{ admitted_at: null, lapsed_at: null, cancelled_at: null },
};

describe('milestones of an enrollment', () => {
  it('that was asked for: when, with whom, and what became of the place', () => {
    expect(milestones(requested('held'))).toEqual({
      ...{ enrollment_id: ids.enrollmentId, activity_id: ids.activityId, member_id: ids.memberId },
      ...{ status: 'held', cause: null, pets: 2, requested_at: instantOf(1) },
      ...{ ...never, held_at: instantOf(1) },
    });
    expect(milestones(requested('waitlisted'))).toMatchObject({
      ...{ ...never, waitlisted_at: instantOf(1) },
    });
    expect(milestones(requested('confirmed'))).toMatchObject(never);
  });

  it('that came off the waitlist: held until paid', () => {
    expect(milestones(requested('waitlisted'), promoted, confirmed)).toMatchObject({
      ...{ status: 'confirmed', waitlisted_at: instantOf(1), promoted_at: instantOf(2) },
      ...{ held_at: instantOf(2), confirmed_at: instantOf(3) },
    });
  });

  it('that came off the waitlist free of charge: by being confirmed', () => {
    expect(milestones(requested('waitlisted'), confirmed)).toMatchObject({
      ...{ promoted_at: instantOf(2), held_at: null, confirmed_at: instantOf(2) },
    });
  });

  it('that did not wait was not promoted', () => {
    expect(milestones(requested('held'), confirmed)).toMatchObject({ promoted_at: null });
  });

  it('that lapsed keeps the moment of it when late money confirms it', () => {
    expect(milestones(requested('held'), lapsed)).toMatchObject({
      ...{ status: 'lapsed', cause: 'hold-expired', lapsed_at: instantOf(2) },
    });
    expect(milestones(requested('held'), lapsed, confirmed)).toMatchObject({
      ...{ status: 'confirmed', cause: null, lapsed_at: instantOf(2), confirmed_at: instantOf(3) },
    });
  });

  it('that was called off', () => {
    expect(milestones(requested('held'), confirmed, cancelled)).toMatchObject({
      ...{ status: 'cancelled', cause: 'by-member', cancelled_at: instantOf(3) },
    });
  });

  it('that was admitted, by the clock of the door; refusals are scans and no admission', () => {
    const [early, late] = ['2026-05-02T08:00:00.000Z', '2026-05-02T09:00:00.000Z'];
    const steps = [requested('held'), confirmed, scan('wrong-activity', early)];
    expect(milestones(...steps)).toMatchObject({ admitted_at: null });
    const twice = [...steps, scan('admitted', late), scan('already-checked-in', late)];
    expect(milestones(...twice)).toMatchObject({ admitted_at: late });
    // Two doors that were offline may both have let the same ticket in: the first recorded stands.
    const again = scan('admitted', '2026-05-02T10:00:00.000Z');
    expect(milestones(...twice, again)).toMatchObject({ admitted_at: late });
    const scans = after(...twice).of(ticketScans);
    expect(scans.map(({ decision }) => decision).sort()).toEqual([
      ...['admitted', 'already-checked-in', 'wrong-activity'],
    ]);
    expect(scans.find(({ decision }) => decision === 'wrong-activity')).toMatchObject({
      ...{ enrollment_id: ids.enrollmentId, activity_id: ids.activityId, door_activity_id: door },
      ...{ scanned_at: early, recorded_at: instantOf(3) },
    });
  });
});
