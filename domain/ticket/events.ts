import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { instantSchema } from '../_kernel/time.ts';

const ids = {
  ticketId: idSchema('tkt'),
  enrollmentId: idSchema('enr'),
  activityId: idSchema('act'),
  memberId: idSchema('mem'),
};

/** Every answer a scan can get; all but `admitted` are refusals at the door. */
export const scanDecisionSchema = z.enum([
  'admitted',
  'already-checked-in',
  'wrong-activity',
  'cancelled',
]);
export type ScanDecision = z.infer<typeof scanDecisionSchema>;

export const TicketIssued = defineEvent({
  type: 'TicketIssued',
  summary:
    'A confirmed enrollment has its ticket. The signed text itself is derived, never stored.',
  data: ids,
});

export const TicketScanned = defineEvent({
  type: 'TicketScanned',
  summary: 'A ticket was shown at a door, and what the door decided. The scan is the fact.',
  data: {
    ...ids,
    /** The activity of the door, which is another one on `wrong-activity`. */
    scannedFor: idSchema('act'),
    deviceId: z.string().max(100),
    nonce: z.string().max(100),
    scannedAt: instantSchema,
    decision: scanDecisionSchema,
    /** The scan that admitted the ticket, on `already-checked-in`. */
    admittedAt: instantSchema.nullable(),
  },
});

export const TicketVoided = defineEvent({
  type: 'TicketVoided',
  summary: 'The ticket opens no door any more.',
  data: { ...ids, cause: z.enum(['enrollment-cancelled', 'activity-cancelled']) },
});

export const ticketEvents = defineEvents('ticket', [TicketIssued, TicketScanned, TicketVoided]);
export type TicketEvent = EventsOf<typeof ticketEvents>;
