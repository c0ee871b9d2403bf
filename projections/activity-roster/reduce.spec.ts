import { expect, test } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { deliver, rowsAfter, type Told } from '../_runtime/spec-kit.ts';
import { activityRosterProjection } from './reduce.ts';
import { activityRoster } from './table.ts';

const ids = {
  enrollmentId: deriveId('enr', 'a'),
  activityId: deriveId('act', 'a'),
  memberId: deriveId('mem', 'a'),
};
const tell = (type: string, data: object = {}) =>
  [`stream-${type}`, { type, data: { ...ids, ...data } }] as const;
const scan = (decision: string, scannedAt: string) =>
  tell('TicketScanned', { ticketId: deriveId('tkt', 'a'), decision, scannedAt });
const held = tell('SeatHeld', { cause: 'enrolled' });
const requested = tell('EnrollmentRequested', { attendeeName: 'Ada', outcome: 'held' });
const rowAfter = (...events: readonly Told[]) =>
  rowsAfter(activityRosterProjection, deliver(...events)).of(activityRoster)[0];

test('a seat whose enrollment was never written is no entry of the roster', () => {
  expect(rowAfter(held)).toMatchObject({ ordinal: null, attendee_name: null, seat: 'held' });
  expect(rowAfter(held, requested)).toMatchObject({ ordinal: 2, attendee_name: 'Ada' });
});

test('an erased person has no name', () => {
  const erased = tell('EnrollmentRequested', { attendeeName: null, outcome: 'held' });
  expect(rowAfter(held, erased)).toMatchObject({ ordinal: 2, attendee_name: null });
});

test('the scan that admitted is kept, whatever is scanned or uploaded later', () => {
  const [nine, ten] = ['2026-05-01T09:00:00.000Z', '2026-05-01T10:00:00.000Z'];
  const row = rowAfter(
    held,
    requested,
    scan('admitted', ten),
    scan('already-checked-in', nine),
    tell('TicketVoided'),
  );
  expect(row).toMatchObject({
    admitted_at: ten,
    scans: 2,
    last_scan: 'already-checked-in',
    last_scan_at: ten,
    ticket_void: true,
  });
  expect(rowAfter(held, requested, scan('wrong-activity', nine))).toMatchObject({
    admitted_at: null,
    scans: 1,
  });
});
