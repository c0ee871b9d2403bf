import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { instantSchema } from '../_kernel/time.ts';

/** Settings that decide something are dated facts: what held at the time can be answered. */
export const HoldTimeSet = defineEvent({
  type: 'HoldTimeSet',
  summary: 'How long a seat is held for an unpaid enrollment, from a moment on.',
  data: { minutes: z.int().min(1).max(10_080), effectiveFrom: instantSchema },
});

export const ServiceFeeSet = defineEvent({
  type: 'ServiceFeeSet',
  summary: 'The service fee on top of a price, in basis points of it, from a moment on.',
  data: { basisPoints: z.int().min(0).max(5000), effectiveFrom: instantSchema },
});

export const settingsEvents = defineEvents('settings', [HoldTimeSet, ServiceFeeSet]);
export type SettingsEvent = EventsOf<typeof settingsEvents>;
