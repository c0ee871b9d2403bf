import { defineView } from '../_runtime/view.ts';
import { activityCatalogue } from '../activity-catalogue/table.ts';

/** Without description and reason of a cancellation: free text in which a person may be named. */
export const activities = defineView({
  name: 'activities',
  comment: 'Activities as planned, with how many of their places are taken.',
  key: ['activity_id'],
  columns: {
    activity_id: { type: 'text', sql: 'a.activity_id', comment: 'Id of the activity' },
    title: { type: 'text', sql: 'a.title', comment: 'Title' },
    venue: { type: 'text', sql: 'a.venue', comment: 'Where it takes place' },
    status: { type: 'text', sql: 'a.status', comment: 'draft, published or cancelled' },
    published_at: {
      type: 'timestamptz',
      nullable: true,
      sql: 'a.published_at',
      comment: 'When it was published',
    },
    starts_at: { type: 'timestamptz', sql: 'a.starts_at', comment: 'When it starts' },
    ends_at: { type: 'timestamptz', sql: 'a.ends_at', comment: 'When it ends' },
    time_zone: {
      type: 'text',
      sql: 'a.time_zone',
      comment: 'IANA time zone of the venue: `moment at time zone time_zone` is its local time',
    },
    starts_local: {
      type: 'timestamp',
      sql: 'a.starts_at at time zone a.time_zone',
      comment: 'When it starts, by the clock of the venue',
    },
    starts_on: {
      type: 'date',
      sql: '(a.starts_at at time zone a.time_zone)::date',
      comment: 'Day on which it starts, by the calendar of the venue',
    },
    price_amount: {
      type: 'bigint',
      sql: 'a.price_amount',
      comment: 'Price of a place in minor units; 0 is free',
    },
    price_currency: {
      type: 'text',
      sql: 'a.price_currency',
      comment: 'ISO 4217 currency of the price',
    },
    capacity: { type: 'integer', sql: 'a.capacity', comment: 'Places altogether' },
    seats_held: {
      type: 'integer',
      sql: 'a.held',
      comment: 'Places kept for unpaid enrollments, now',
    },
    seats_confirmed: { type: 'integer', sql: 'a.confirmed', comment: 'Places taken for good, now' },
    waiting: { type: 'integer', sql: 'a.waitlisted', comment: 'Enrollments on the waitlist, now' },
    has_waitlist: {
      type: 'boolean',
      sql: 'a.waitlist',
      comment: 'Whether people may wait when it is full',
    },
    for_pets: {
      type: 'boolean',
      sql: 'a.pet_terms is not null',
      comment: 'Whether it is for those who bring a pet along',
    },
  },
  from: (table) => `${table(activityCatalogue)} a`,
});
