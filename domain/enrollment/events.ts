import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { moneySchema } from '../_kernel/money.ts';
import { personal } from '../_kernel/personal.ts';
import { lineSchema } from '../_kernel/text.ts';
import { instantSchema } from '../_kernel/time.ts';

const ids = {
  enrollmentId: idSchema('enr'),
  activityId: idSchema('act'),
  memberId: idSchema('mem'),
};
const contact = { subject: 'memberId', purpose: 'contact' } as const;

export const EnrollmentRequested = defineEvent({
  type: 'EnrollmentRequested',
  summary: 'A member enrolled; what the seat decision gave, and what is due.',
  data: {
    ...ids,
    attendeeName: personal(lineSchema(1, 200), contact),
    attendeeEmail: personal(z.email().max(254), contact),
    price: moneySchema,
    serviceFee: moneySchema,
    amountDue: moneySchema,
    outcome: z.enum(['held', 'waitlisted', 'confirmed']),
    holdExpiresAt: instantSchema.nullable(),
    /** The pets that come along; absent: none. */
    petIds: z.array(idSchema('pet')).min(1).max(4).optional(),
  },
});

export const EnrollmentPromoted = defineEvent({
  type: 'EnrollmentPromoted',
  summary: 'A seat came free for a waiting enrollment; it is held until a deadline.',
  data: { ...ids, holdExpiresAt: instantSchema },
});

export const PaymentAttemptOpened = defineEvent({
  type: 'PaymentAttemptOpened',
  summary: 'The member started to pay; one attempt is open at a time.',
  data: { ...ids, paymentId: idSchema('pay'), attempt: z.int().min(1), amount: moneySchema },
});

export const PaymentAttemptClosed = defineEvent({
  type: 'PaymentAttemptClosed',
  summary: 'The open attempt can bring no money any more; another may be opened.',
  data: { ...ids, paymentId: idSchema('pay'), cause: z.enum(['cancelled', 'refunded']) },
});

export const EnrollmentConfirmed = defineEvent({
  type: 'EnrollmentConfirmed',
  summary: 'The enrollment stands: paid, or free of charge.',
  data: {
    ...ids,
    ticketId: idSchema('tkt'),
    /** The payment that confirmed it; null when nothing was due. */
    paymentId: idSchema('pay').nullable(),
    amountPaid: moneySchema,
  },
});

export const EnrollmentLapsed = defineEvent({
  type: 'EnrollmentLapsed',
  summary: 'The hold ended unpaid and the seat was given back.',
  data: { ...ids, cause: z.enum(['hold-expired']) },
});

export const EnrollmentCancelled = defineEvent({
  type: 'EnrollmentCancelled',
  summary: 'The enrollment was called off by the member, by staff, with its activity or its seat.',
  data: {
    ...ids,
    /** `seat-given-back`: it was made so late after its seat that the seat had been given back. */
    cause: z.enum(['by-member', 'by-staff', 'activity-cancelled', 'seat-given-back']),
  },
});

export const ConfirmationSent = defineEvent({
  type: 'ConfirmationSent',
  summary: 'The confirmation e-mail with the ticket was handed to the mail server.',
  data: { ...ids, messageId: z.string() },
});

export const enrollmentEvents = defineEvents('enrollment', [
  EnrollmentRequested,
  EnrollmentPromoted,
  PaymentAttemptOpened,
  PaymentAttemptClosed,
  EnrollmentConfirmed,
  EnrollmentLapsed,
  EnrollmentCancelled,
  ConfirmationSent,
]);
export type EnrollmentEvent = EventsOf<typeof enrollmentEvents>;
