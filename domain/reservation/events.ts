import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';

/** What is unique across aggregates; the stream is named by a keyed hash of the value. */
export const reservationKindSchema = z.enum(['email', 'slug']);
export type ReservationKind = z.infer<typeof reservationKindSchema>;

export const ReservationMade = defineEvent({
  type: 'ReservationMade',
  summary: 'A unique value (e-mail address, slug) belongs to an owner from now on.',
  data: { kind: reservationKindSchema, ownerId: z.string() },
});

export const ReservationReleased = defineEvent({
  type: 'ReservationReleased',
  summary: 'The value is free again.',
  data: { kind: reservationKindSchema, ownerId: z.string() },
});

export const reservationEvents = defineEvents('reservation', [
  ReservationMade,
  ReservationReleased,
]);
export type ReservationEvent = EventsOf<typeof reservationEvents>;
