import { changedColumn } from '../_runtime/changes.ts';
import { defineTable } from '../_runtime/table.ts';

export const activityRoster = defineTable({
  name: 'activity_roster',
  comment: 'Who is enrolled in an activity and who came. Holds personal data: not for analysts.',
  columns: {
    enrollment_id: { type: 'text', comment: 'Id of the enrollment' },
    activity_id: { type: 'text', comment: 'Id of the activity' },
    member_id: { type: 'text', comment: 'Id of the member who enrolled' },
    ordinal: {
      type: 'bigint',
      nullable: true,
      comment: 'Place of the request in the log; null while only the seat was decided',
    },
    attendee_name: {
      type: 'text',
      nullable: true,
      comment: 'Personal: name of the attendee; null once the person was erased',
    },
    pet_ids: { type: 'text[]', comment: 'Pets that come along' },
    status: { type: 'text', comment: 'held, waitlisted, confirmed, lapsed or cancelled' },
    seat: { type: 'text', comment: 'held, confirmed, waitlisted or released' },
    ticket_id: { type: 'text', nullable: true, comment: 'Ticket, once confirmed' },
    ticket_void: { type: 'boolean', comment: 'Whether the ticket opens no door any more' },
    admitted_at: { type: 'timestamptz', nullable: true, comment: 'When the ticket was admitted' },
    scans: { type: 'integer', comment: 'How often the ticket was scanned, at any door' },
    last_scan_at: { type: 'timestamptz', nullable: true, comment: 'When the door scanned it last' },
    last_scan: {
      type: 'text',
      nullable: true,
      comment: 'What the last uploaded scan was answered',
    },
    changed_ordinal: changedColumn,
  },
  key: ['enrollment_id'],
  indexes: [['activity_id', 'ordinal']],
  tells: [{ topic: 'roster', of: 'activity_id', at: 'changed_ordinal' }],
});
