import { defineView } from '../_runtime/view.ts';
import { enrollmentMilestones, ticketScans } from '../enrollment-milestones/table.ts';
import { enrollments as enrollmentRows } from '../enrollments/table.ts';
import { memberKey } from './member-key.ts';

const milestone = (name: string, comment: string) =>
  ({ type: 'timestamptz', nullable: true, sql: `m.${name}`, comment }) as const;

export const enrollments = defineView({
  name: 'enrollments',
  comment: 'One row per enrollment, with the time of each step. A step it never reached is null.',
  key: ['enrollment_id'],
  columns: {
    enrollment_id: { type: 'text', sql: 'm.enrollment_id', comment: 'Id of the enrollment' },
    activity_id: { type: 'text', sql: 'm.activity_id', comment: 'Id of the activity' },
    member_key: {
      type: 'text',
      sql: memberKey('m.member_id'),
      comment: 'Pseudonym of the member: the same in every view, of no use elsewhere',
    },
    status: {
      type: 'text',
      sql: 'm.status',
      comment: 'Now: held, waitlisted, confirmed, lapsed or cancelled',
    },
    cause: {
      type: 'text',
      nullable: true,
      sql: 'm.cause',
      comment:
        'Why it ended: hold-expired, by-member, by-staff, activity-cancelled or seat-given-back',
    },
    pets: { type: 'integer', sql: 'm.pets', comment: 'How many pets come along' },
    requested_at: {
      type: 'timestamptz',
      sql: 'm.requested_at',
      comment: 'When the member enrolled',
    },
    waitlisted_at: milestone('waitlisted_at', 'When it began to wait, because it was full'),
    held_at: milestone('held_at', 'When a place was held for it until paid; null where it is free'),
    promoted_at: milestone('promoted_at', 'When it came off the waitlist'),
    confirmed_at: milestone('confirmed_at', 'When it was confirmed: paid, or free of charge'),
    admitted_at: milestone('admitted_at', 'When its ticket was admitted, by the clock of the door'),
    lapsed_at: milestone(
      'lapsed_at',
      'When its hold ended unpaid; late money may have confirmed it after that',
    ),
    cancelled_at: milestone('cancelled_at', 'When it was called off'),
    currency: {
      type: 'text',
      sql: 'e.currency',
      comment: 'ISO 4217 currency of the amounts of the row',
    },
    price: { type: 'bigint', sql: 'e.price', comment: 'Price of the place in minor units' },
    service_fee: { type: 'bigint', sql: 'e.service_fee', comment: 'Service fee in minor units' },
    amount_paid: {
      type: 'bigint',
      sql: 'e.amount_paid',
      comment: 'What was captured, in minor units',
    },
    amount_refunded: {
      type: 'bigint',
      sql: 'e.amount_refunded',
      comment: 'What went back, in minor units',
    },
  },
  from: (table) =>
    `${table(enrollmentMilestones)} m join ${table(enrollmentRows)} e using (enrollment_id)`,
});

export const checkIns = defineView({
  name: 'check_ins',
  comment: 'One row per scan of a ticket at a door: admissions and refusals.',
  key: ['scan_id'],
  columns: {
    scan_id: { type: 'text', sql: 's.scan_id', comment: 'Id of the scan' },
    enrollment_id: { type: 'text', sql: 's.enrollment_id', comment: 'Enrollment of the ticket' },
    activity_id: { type: 'text', sql: 's.activity_id', comment: 'Activity the ticket is for' },
    door_activity_id: {
      type: 'text',
      sql: 's.door_activity_id',
      comment: 'Activity of the door; another one where the decision is wrong-activity',
    },
    scanned_at: {
      type: 'timestamptz',
      sql: 's.scanned_at',
      comment: 'When it was scanned, by the clock of the door',
    },
    recorded_at: {
      type: 'timestamptz',
      sql: 's.recorded_at',
      comment: 'When it was recorded; later where the door was offline',
    },
    decision: {
      type: 'text',
      sql: 's.decision',
      comment: 'admitted, already-checked-in, wrong-activity or cancelled',
    },
  },
  from: (table) => `${table(ticketScans)} s`,
});
