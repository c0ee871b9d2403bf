import { activityEvents } from '../../domain/activity/events.ts';
import { seatingEvents } from '../../domain/seating/events.ts';
import {
  change,
  defineProjection,
  insert,
  put,
  type RowChange,
  remove,
  rowRef,
} from '../_runtime/definition.ts';
import { activityCatalogue, activityPlaces } from './table.ts';

type Place = 'held' | 'confirmed' | 'waitlisted';
type Seat = { readonly activityId: string; readonly enrollmentId: string };

/**
 * Moves an enrollment's place from what it was to what it is, and the counters with it. What it was
 * is read from its own row: an event says where a place went, not always where it came from (a
 * waiting enrollment of a free activity is confirmed at once).
 */
function movePlace({ activityId, enrollmentId }: Seat, place: Place | null): RowChange[] {
  const key = { enrollment_id: enrollmentId };
  const before = rowRef(activityPlaces, key);
  const counters = change(
    activityCatalogue,
    { activity_id: activityId },
    (row, read) => {
      const counts = { held: row.held, confirmed: row.confirmed, waitlisted: row.waitlisted };
      const was = before.in(read)?.place as Place | undefined;
      if (was !== undefined) counts[was] -= 1;
      if (place !== null) counts[place] += 1;
      return counts;
    },
    { reads: [before] },
  );
  return [
    counters,
    place === null
      ? remove(activityPlaces, key)
      : put(activityPlaces, { ...key, activity_id: activityId, place }),
  ];
}

export const activityCatalogueProjection = defineProjection({
  name: 'activity-catalogue',
  version: 3,
  question: 'Which activities are there, and what places are left?',
  tables: [activityCatalogue, activityPlaces],
  events: [activityEvents, seatingEvents],
  keyOf: (event) => event.data.activityId,
  on: {
    ActivityDrafted: ({ data, ordinal, revision }) => [
      insert(activityCatalogue, {
        activity_id: data.activityId,
        status: 'draft',
        title: data.title,
        description: data.description,
        venue: data.venue,
        starts_at: data.startsAt,
        ends_at: data.endsAt,
        time_zone: data.timeZone,
        price_amount: data.price.amount,
        price_currency: data.price.currency,
        waitlist: data.waitlist,
        seats_per_member: data.seatsPerMember,
        pet_terms: data.petTerms ?? null,
        capacity: data.capacity,
        held: 0,
        confirmed: 0,
        waitlisted: 0,
        open: false,
        published_at: null,
        cancel_reason: null,
        revision,
        changed_ordinal: ordinal,
        plan_ordinal: ordinal,
      }),
    ],
    ActivityPublished: ({ data, ordinal, revision, metadata }) => [
      change(activityCatalogue, { activity_id: data.activityId }, () => ({
        status: 'published',
        published_at: metadata.occurredAt,
        revision,
        plan_ordinal: ordinal,
      })),
    ],
    ActivityCancelled: ({ data, ordinal, revision }) => [
      change(activityCatalogue, { activity_id: data.activityId }, () => ({
        status: 'cancelled',
        cancel_reason: data.reason,
        revision,
        plan_ordinal: ordinal,
      })),
    ],
    SeatingOpened: ({ data }) => [
      change(activityCatalogue, { activity_id: data.activityId }, () => ({
        open: true,
        capacity: data.capacity,
        waitlist: data.waitlist,
        seats_per_member: data.seatsPerMember,
      })),
    ],
    SeatingClosed: ({ data }) => [
      change(activityCatalogue, { activity_id: data.activityId }, () => ({ open: false })),
    ],
    SeatHeld: ({ data }) => movePlace(data, 'held'),
    SeatConfirmed: ({ data }) => movePlace(data, 'confirmed'),
    SeatWaitlisted: ({ data }) => movePlace(data, 'waitlisted'),
    SeatReleased: ({ data }) => movePlace(data, null),
  },
});
