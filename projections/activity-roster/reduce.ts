import { enrollmentEvents } from '../../domain/enrollment/events.ts';
import { seatingEvents } from '../../domain/seating/events.ts';
import { ticketEvents } from '../../domain/ticket/events.ts';
import { change, defineProjection, type RowChange } from '../_runtime/definition.ts';
import type { RowOf } from '../_runtime/table.ts';
import { activityRoster } from './table.ts';

type RosterRow = RowOf<typeof activityRoster>;
type Ids = {
  readonly enrollmentId: string;
  readonly activityId: string;
  readonly memberId: string;
};

/** The seat is decided before the enrollment is written, so either may make the row. */
const changeEntry = (
  { enrollmentId, activityId, memberId }: Ids,
  fold: (row: RosterRow) => Partial<RosterRow>,
): RowChange[] => [
  change(activityRoster, { enrollment_id: enrollmentId }, fold, {
    absent: () => ({
      enrollment_id: enrollmentId,
      activity_id: activityId,
      member_id: memberId,
      ordinal: null,
      attendee_name: null,
      pet_ids: [],
      status: 'held',
      seat: 'held',
      ticket_id: null,
      ticket_void: false,
      admitted_at: null,
      scans: 0,
      last_scan_at: null,
      last_scan: null,
      changed_ordinal: null,
    }),
  }),
];

export const activityRosterProjection = defineProjection({
  name: 'activity-roster',
  version: 3,
  question: 'Who is enrolled in an activity, and who came?',
  tables: [activityRoster],
  events: [enrollmentEvents, seatingEvents, ticketEvents],
  keyOf: ({ data }) => ('enrollmentId' in data ? data.enrollmentId : data.activityId),
  on: {
    SeatHeld: ({ data }) => changeEntry(data, () => ({ seat: 'held' })),
    SeatConfirmed: ({ data }) => changeEntry(data, () => ({ seat: 'confirmed' })),
    SeatWaitlisted: ({ data }) => changeEntry(data, () => ({ seat: 'waitlisted' })),
    SeatReleased: ({ data }) => changeEntry(data, () => ({ seat: 'released' })),
    EnrollmentRequested: ({ data, ordinal }) =>
      changeEntry(data, () => ({
        ordinal,
        attendee_name: data.attendeeName,
        pet_ids: data.petIds ?? [],
        status: data.outcome,
      })),
    EnrollmentPromoted: ({ data }) => changeEntry(data, () => ({ status: 'held' })),
    EnrollmentConfirmed: ({ data }) =>
      changeEntry(data, () => ({ status: 'confirmed', ticket_id: data.ticketId })),
    EnrollmentLapsed: ({ data }) => changeEntry(data, () => ({ status: 'lapsed' })),
    EnrollmentCancelled: ({ data }) => changeEntry(data, () => ({ status: 'cancelled' })),
    TicketScanned: ({ data }) =>
      changeEntry(data, (row) => ({
        scans: row.scans + 1,
        last_scan: data.decision,
        // A scan made offline is uploaded later than it was made.
        last_scan_at:
          row.last_scan_at !== null && row.last_scan_at > data.scannedAt
            ? row.last_scan_at
            : data.scannedAt,
        admitted_at:
          data.decision === 'admitted' ? (row.admitted_at ?? data.scannedAt) : row.admitted_at,
      })),
    TicketVoided: ({ data }) => changeEntry(data, () => ({ ticket_void: true })),
  },
});
