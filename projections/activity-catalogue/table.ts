import { changedColumn } from '../_runtime/changes.ts';
import { defineTable } from '../_runtime/table.ts';

export const activityCatalogue = defineTable({
  name: 'activity_catalogue',
  comment: 'Activities as planned, with how many of their places are taken and why.',
  columns: {
    activity_id: { type: 'text', comment: 'Id of the activity' },
    status: { type: 'text', comment: 'draft, published or cancelled' },
    title: { type: 'text', comment: 'Title' },
    description: { type: 'text', comment: 'Description, plain text' },
    venue: { type: 'text', comment: 'Where it takes place' },
    starts_at: { type: 'timestamptz', comment: 'When it starts' },
    ends_at: { type: 'timestamptz', comment: 'When it ends' },
    time_zone: { type: 'text', comment: 'IANA time zone of the venue' },
    price_amount: { type: 'bigint', comment: 'Price of a place in minor units; 0 is free' },
    price_currency: { type: 'text', comment: 'ISO 4217 currency of the price' },
    waitlist: { type: 'boolean', comment: 'Whether people may wait when it is full' },
    seats_per_member: { type: 'integer', comment: 'Most places of one member at a time' },
    pet_terms: {
      type: 'jsonb',
      nullable: true,
      comment: 'What pets it is for: species (null: any) and minAgeMonths (null: any)',
    },
    capacity: { type: 'integer', comment: 'Places altogether' },
    held: { type: 'integer', comment: 'Places kept for unpaid enrollments until a deadline' },
    confirmed: { type: 'integer', comment: 'Places taken for good' },
    waitlisted: { type: 'integer', comment: 'Enrollments that wait for a place' },
    open: { type: 'boolean', comment: 'Whether places are given away' },
    published_at: { type: 'timestamptz', nullable: true, comment: 'When it was published' },
    cancel_reason: { type: 'text', nullable: true, comment: 'Why it was cancelled' },
    revision: { type: 'integer', comment: 'Revision of the activity: it grows with each change' },
    changed_ordinal: changedColumn,
    plan_ordinal: {
      type: 'bigint',
      nullable: true,
      comment: 'Ordinal of the last event about its plan: drafted, published or cancelled',
    },
  },
  key: ['activity_id'],
  indexes: [['status', 'starts_at', 'activity_id']],
  tells: [
    { topic: 'activity', of: 'activity_id', at: 'changed_ordinal' },
    { topic: 'activity-plans', of: null, at: 'plan_ordinal' },
  ],
});

/** What each enrollment has of an activity; only to count it, so released places leave no row. */
export const activityPlaces = defineTable({
  name: 'activity_places',
  comment: 'The place each enrollment has of an activity now.',
  columns: {
    enrollment_id: { type: 'text', comment: 'Id of the enrollment' },
    activity_id: { type: 'text', comment: 'Id of the activity' },
    place: { type: 'text', comment: 'held, confirmed or waitlisted' },
  },
  key: ['enrollment_id'],
});
