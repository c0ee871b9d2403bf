import { enrollmentEvents } from '../../domain/enrollment/events.ts';
import { ticketEvents } from '../../domain/ticket/events.ts';
import { change, defineProjection, insert, type RowChange } from '../_runtime/definition.ts';
import type { RowOf } from '../_runtime/table.ts';
import { enrollmentMilestones, ticketScans } from './table.ts';

type Milestones = RowOf<typeof enrollmentMilestones>;

const reach = (
  { enrollmentId }: { readonly enrollmentId: string },
  fold: (row: Milestones) => Partial<Milestones>,
): RowChange => change(enrollmentMilestones, { enrollment_id: enrollmentId }, fold);

export const enrollmentMilestonesProjection = defineProjection({
  name: 'enrollment-milestones',
  version: 1,
  question: 'When did an enrollment reach each of its steps?',
  tables: [enrollmentMilestones, ticketScans],
  events: [enrollmentEvents, ticketEvents],
  keyOf: (event) => event.data.enrollmentId,
  on: {
    EnrollmentRequested: ({ data, metadata: { occurredAt } }) => [
      insert(enrollmentMilestones, {
        enrollment_id: data.enrollmentId,
        activity_id: data.activityId,
        member_id: data.memberId,
        status: data.outcome,
        cause: null,
        pets: data.petIds?.length ?? 0,
        requested_at: occurredAt,
        waitlisted_at: data.outcome === 'waitlisted' ? occurredAt : null,
        held_at: data.outcome === 'held' ? occurredAt : null,
        promoted_at: null,
        // A place free of charge is confirmed with the request; its own event says when.
        confirmed_at: null,
        admitted_at: null,
        lapsed_at: null,
        cancelled_at: null,
      }),
    ],
    EnrollmentPromoted: ({ data, metadata: { occurredAt } }) => [
      reach(data, () => ({ status: 'held', held_at: occurredAt, promoted_at: occurredAt })),
    ],
    EnrollmentConfirmed: ({ data, metadata: { occurredAt } }) => [
      reach(data, (row) => ({
        status: 'confirmed',
        // Late money after a lapse: it stands again.
        cause: null,
        confirmed_at: occurredAt,
        // Free of charge there is nothing to hold: it comes off the waitlist by being confirmed.
        promoted_at: row.status === 'waitlisted' ? occurredAt : row.promoted_at,
      })),
    ],
    EnrollmentLapsed: ({ data, metadata: { occurredAt } }) => [
      reach(data, () => ({ status: 'lapsed', cause: data.cause, lapsed_at: occurredAt })),
    ],
    EnrollmentCancelled: ({ data, metadata: { occurredAt } }) => [
      reach(data, () => ({ status: 'cancelled', cause: data.cause, cancelled_at: occurredAt })),
    ],
    TicketScanned: ({ id, data, metadata: { recordedAt } }) => [
      insert(ticketScans, {
        scan_id: id,
        enrollment_id: data.enrollmentId,
        activity_id: data.activityId,
        door_activity_id: data.scannedFor,
        scanned_at: data.scannedAt,
        recorded_at: recordedAt,
        decision: data.decision,
      }),
      ...(data.decision === 'admitted'
        ? [reach(data, (row) => ({ admitted_at: row.admitted_at ?? data.scannedAt }))]
        : []),
    ],
  },
});
