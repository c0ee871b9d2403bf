import { defineTable } from '../_runtime/table.ts';

const at = (comment: string) => ({ type: 'timestamptz', nullable: true, comment }) as const;

export const enrollmentMilestones = defineTable({
  name: 'enrollment_milestones',
  comment: 'When each enrollment reached each of its steps. A step it never reached is null.',
  columns: {
    enrollment_id: { type: 'text', comment: 'Id of the enrollment' },
    activity_id: { type: 'text', comment: 'Id of the activity' },
    member_id: { type: 'text', comment: 'Id of the member who enrolled' },
    status: { type: 'text', comment: 'held, waitlisted, confirmed, lapsed or cancelled' },
    cause: { type: 'text', nullable: true, comment: 'Why it lapsed or was cancelled' },
    pets: { type: 'integer', comment: 'How many pets come along' },
    requested_at: { type: 'timestamptz', comment: 'When the member enrolled' },
    waitlisted_at: at('When it began to wait for a place'),
    held_at: at('When a place was held for it, until paid'),
    promoted_at: at('When it came off the waitlist'),
    confirmed_at: at('When it was confirmed: paid, or free of charge'),
    admitted_at: at('When its ticket was admitted at the door'),
    lapsed_at: at('When its hold ended unpaid'),
    cancelled_at: at('When it was called off'),
  },
  key: ['enrollment_id'],
  indexes: [['activity_id']],
});

export const ticketScans = defineTable({
  name: 'ticket_scans',
  comment: 'Every scan of a ticket at a door, and what the door decided.',
  columns: {
    scan_id: { type: 'text', comment: 'Id of the event that recorded it' },
    enrollment_id: { type: 'text', comment: 'Enrollment of the ticket' },
    activity_id: { type: 'text', comment: 'Activity the ticket is for' },
    door_activity_id: { type: 'text', comment: 'Activity of the door that scanned it' },
    scanned_at: { type: 'timestamptz', comment: 'When it was scanned, by the clock of the door' },
    recorded_at: {
      type: 'timestamptz',
      comment: 'When it was recorded; later where the door was offline',
    },
    decision: {
      type: 'text',
      comment: 'admitted, already-checked-in, wrong-activity or cancelled',
    },
  },
  key: ['scan_id'],
  indexes: [['enrollment_id']],
});
