import { defineEvent, defineEvents, type EventsOf } from '../_kernel/event.ts';
import { idSchema } from '../_kernel/ids.ts';
import { moneySchema } from '../_kernel/money.ts';

const till = { tillId: idSchema('til'), activityId: idSchema('act') };
const payment = {
  ...till,
  paymentId: idSchema('pay'),
  enrollmentId: idSchema('enr'),
  memberId: idSchema('mem'),
  amount: moneySchema,
};

export const TillOpened = defineEvent({
  type: 'TillOpened',
  summary: 'Staff opened a till at the door, with some change in it.',
  data: { ...till, float: moneySchema },
});

export const CashTaken = defineEvent({
  type: 'CashTaken',
  summary: 'Cash for an enrollment went into the till.',
  data: payment,
});

export const CashPaidOut = defineEvent({
  type: 'CashPaidOut',
  summary: 'Cash of a refund went out of the till.',
  data: { ...payment, refundId: idSchema('ref') },
});

export const TillClosed = defineEvent({
  type: 'TillClosed',
  summary: 'The till was counted, blind, and closed for good: what should be in it and what was.',
  data: {
    ...till,
    float: moneySchema,
    taken: moneySchema,
    paidOut: moneySchema,
    /** Float and takings less what was paid out. */
    expected: moneySchema,
    counted: moneySchema,
    /** More was counted than expected; one of `over` and `short` is zero. */
    over: moneySchema,
    short: moneySchema,
  },
});

export const tillEvents = defineEvents('till', [TillOpened, CashTaken, CashPaidOut, TillClosed]);
export type TillEvent = EventsOf<typeof tillEvents>;
