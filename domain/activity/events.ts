import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { moneySchema } from '../_kernel/money.ts';
import { speciesSchema } from '../_kernel/species.ts';
import { lineSchema, textSchema } from '../_kernel/text.ts';
import { instantSchema, timeZoneSchema } from '../_kernel/time.ts';

export const ActivityDrafted = defineEvent({
  type: 'ActivityDrafted',
  summary: 'Staff planned an activity; nobody outside sees it yet.',
  data: {
    activityId: idSchema('act'),
    title: lineSchema(1, 200),
    description: textSchema(0, 10_000),
    venue: lineSchema(1, 300),
    startsAt: instantSchema,
    endsAt: instantSchema,
    timeZone: timeZoneSchema,
    /** Zero is a free activity: its seats are confirmed at once. */
    price: moneySchema,
    capacity: z.int().min(1).max(100_000),
    waitlist: z.boolean(),
    /** How many seats one member may have at the same time. */
    seatsPerMember: z.int().min(1).max(1000),
    /** The activity is for pets: who enrolls brings one that fits. Absent: with or without. */
    petTerms: z
      .strictObject({
        /** Null: any species. */
        species: z.array(speciesSchema).min(1).max(20).nullable(),
        /** In months, on the day it starts; null: any age. */
        minAgeMonths: z.int().min(0).max(600).nullable(),
      })
      .optional(),
  },
});

export const ActivityPublished = defineEvent({
  type: 'ActivityPublished',
  summary: 'The activity is in the catalogue and open for enrollment.',
  data: { activityId: idSchema('act') },
});

export const ActivityCancelled = defineEvent({
  type: 'ActivityCancelled',
  summary: 'The activity will not take place.',
  data: { activityId: idSchema('act'), reason: lineSchema(1, 500) },
});

export const activityEvents = defineEvents('activity', [
  ActivityDrafted,
  ActivityPublished,
  ActivityCancelled,
]);
export type ActivityEvent = EventsOf<typeof activityEvents>;
