import { z } from 'zod';
import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { currencySchema, minorUnitsSchema } from '../_kernel/money.ts';
import { instantSchema } from '../_kernel/time.ts';

/** One line of Stripe's own account statement (a balance transaction), beside what we booked. */
export const StatementLineRecorded = defineEvent({
  type: 'StatementLineRecorded',
  summary: "A balance transaction stands on Stripe's statement.",
  data: {
    balanceTransactionId: z.string(),
    type: z.string(),
    reportingCategory: z.string(),
    gross: minorUnitsSchema,
    fee: minorUnitsSchema,
    net: minorUnitsSchema,
    currency: currencySchema,
    /** The charge or refund the line is about. */
    sourceId: z.string().nullable(),
    /** From the metadata we set on the PaymentIntent; null: not one of ours, a break to look at. */
    paymentId: idSchema('pay').nullable(),
    activityId: idSchema('act').nullable(),
    bookedAt: instantSchema,
    availableAt: instantSchema,
  },
});

export const statementEvents = defineEvents('statement', [StatementLineRecorded]);
export type StatementEvent = EventsOf<typeof statementEvents>;
