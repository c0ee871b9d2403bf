import { callOffEnrollment } from '../../commands/enrollment/call-off-enrollment.ts';
import { closePaymentAttempt } from '../../commands/enrollment/close-payment-attempt.ts';
import { confirmEnrollment } from '../../commands/enrollment/confirm-enrollment.ts';
import { lapseEnrollment } from '../../commands/enrollment/lapse-enrollment.ts';
import { promoteEnrollment } from '../../commands/enrollment/promote-enrollment.ts';
import { requestRefund } from '../../commands/payment/request-refund.ts';
import { confirmSeat } from '../../commands/seating/confirm-seat.ts';
import { expireHolds } from '../../commands/seating/expire-holds.ts';
import { releaseSeat } from '../../commands/seating/release-seat.ts';
import { voidTicket } from '../../commands/ticket/void-ticket.ts';
import {
  deriveId,
  type PaymentId,
  type RefundId,
  type TicketId,
} from '../../domain/_kernel/ids.ts';
import type { Money } from '../../domain/_kernel/money.ts';
import { addMinutes, addSeconds, type Instant } from '../../domain/_kernel/time.ts';
import { cause, type SagaEffect, send } from '../_runtime/definition.ts';
import { cancelPayment, lookUpPayment, refundPayment, tellOperators } from './effects.ts';
import type { CancelCause, HoldState, RefundCause } from './state.ts';

/** Everything this saga can want, in the words of `SagaEffect`. */
export type Ids = NonNullable<HoldState['ids']>;

/** The hold is over at its deadline; a second later nobody's clock can doubt it. */
const GRACE_SECONDS = 1;
/**
 * Pauses before a hold is asked for again that was to be released; the last one repeats. They grow,
 * because timers that came due while nobody ran the sagas fire one after the other: minute by minute
 * a day's outage was 1,440 looks at Stripe for each hold with an open payment.
 */
const STILL_HELD_MINUTES = [1, 2, 5, 15, 60, 360];
/**
 * A place that has no deadline is kept so long for an enrollment that does not come: `enroll` writes
 * the seat first, and a client repeats a request that was cut within seconds, a patient one within
 * a minute or two.
 */
const ENROLLMENT_DUE_MINUTES = 5;
/** Money that is on its way when the hold ends (3-D Secure, a slow bank) may arrive for so long. */
const LATE_MONEY_MINUTES = 10;
/** Pauses between two looks at a payment: a webhook that got lost costs a minute, not a seat. */
const LOOK_AFTER_MINUTES = [1, 2, 5, 15, 60, 360, 1440, 1440, 1440];
/** Pauses before a refund that failed is tried again; a balance too low is refilled within days. */
const REFUND_AGAIN_MINUTES = [60, 360, 1440, 4320];
/** Pauses before a seat is asked for again that only a fault can have refused. */
const SEAT_AGAIN_SECONDS = [30, 120, 600, 3600, 21_600];

export const HOLD_ENDS = 'hold-ends';
export const ENROLLMENT_DUE = 'enrollment-due';
export const LATE_MONEY_ENDS = 'late-money-ends';
export const LOOK_UP = 'look-up:';
export const REFUND_DUE = 'refund:';
export const SEAT_AGAIN = 'seat-again';
export const REFUND_AGAIN = 'refund-again:';

export const holdEnds = (until: Instant): SagaEffect => ({
  kind: 'timer',
  name: HOLD_ENDS,
  at: addSeconds(until, GRACE_SECONDS),
});
export const askAgain = (dueAt: Instant, asked: number): SagaEffect => ({
  kind: 'timer',
  name: HOLD_ENDS,
  at: addMinutes(dueAt, STILL_HELD_MINUTES[asked] ?? STILL_HELD_MINUTES.at(-1) ?? 0),
});
export const forgetHold: SagaEffect = { kind: 'cancel-timer', name: HOLD_ENDS };

export const enrollmentDue = (from: Instant): SagaEffect => ({
  kind: 'timer',
  name: ENROLLMENT_DUE,
  at: addMinutes(from, ENROLLMENT_DUE_MINUTES),
});
export const enrollmentIsThere: SagaEffect = { kind: 'cancel-timer', name: ENROLLMENT_DUE };

export const lateMoneyEnds = (from: Instant): SagaEffect => ({
  kind: 'timer',
  name: LATE_MONEY_ENDS,
  at: addMinutes(from, LATE_MONEY_MINUTES),
});

/** The next look at a payment; none after the last pause. */
export function lookLater(paymentId: PaymentId, looks: number, from: Instant): SagaEffect[] {
  const minutes = LOOK_AFTER_MINUTES[looks];
  if (minutes === undefined) return [];
  return [{ kind: 'timer', name: `${LOOK_UP}${paymentId}`, at: addMinutes(from, minutes) }];
}
export const lookNoMore = (paymentId: PaymentId): SagaEffect => ({
  kind: 'cancel-timer',
  name: `${LOOK_UP}${paymentId}`,
});

/** Asks what became of a refund: after an hour, then every day for a week. */
export const refundDue = (refundId: RefundId, rounds: number, from: Instant): SagaEffect[] => {
  if (rounds > 7) return [];
  const minutes = rounds === 0 ? 60 : 1440;
  return [{ kind: 'timer', name: `${REFUND_DUE}${refundId}`, at: addMinutes(from, minutes) }];
};
export const refundOver = (refundId: RefundId): SagaEffect => ({
  kind: 'cancel-timer',
  name: `${REFUND_DUE}${refundId}`,
});

export const seat = ({ activityId, enrollmentId, memberId }: Ids): SagaEffect =>
  send(confirmSeat, { activityId }, { enrollmentId, memberId });

export const release = (
  { activityId, enrollmentId, memberId }: Ids,
  cause: 'cancelled' | 'activity-cancelled',
): SagaEffect => send(releaseSeat, { activityId }, { enrollmentId, memberId, cause });

export const releaseCauseOf = (cancelled: CancelCause): 'cancelled' | 'activity-cancelled' =>
  cancelled === 'activity-cancelled' ? 'activity-cancelled' : 'cancelled';

export const expire = ({ activityId }: Ids): SagaEffect => send(expireHolds, { activityId }, {});

export const lapse = ({ enrollmentId }: Ids): SagaEffect =>
  send(lapseEnrollment, { enrollmentId }, {});

export const callOff = ({ enrollmentId }: Ids): SagaEffect =>
  send(callOffEnrollment, { enrollmentId }, {});

export const callOffWithoutSeat = ({ enrollmentId }: Ids): SagaEffect =>
  send(callOffEnrollment, { enrollmentId }, { cause: 'seat-given-back' });

export const promote = ({ enrollmentId }: Ids, holdExpiresAt: Instant): SagaEffect =>
  send(promoteEnrollment, { enrollmentId }, { holdExpiresAt });

export const confirm = (
  { enrollmentId }: Ids,
  paid: { paymentId: PaymentId; amount: Money } | null,
): SagaEffect => send(confirmEnrollment, { enrollmentId }, { paid });

export const closeAttempt = (
  { enrollmentId }: Ids,
  paymentId: PaymentId,
  why: 'cancelled' | 'refunded',
): SagaEffect => send(closePaymentAttempt, { enrollmentId }, { paymentId, cause: why });

/** All of a payment goes back. Each try is a refund of its own: its id derives from payment and try. */
export const refundAll = (
  paymentId: PaymentId,
  amount: Money,
  why: RefundCause,
  tries = 0,
): SagaEffect =>
  send(
    requestRefund,
    { paymentId },
    { refundId: deriveId('ref', paymentId, tries), amount, cause: why },
  );

type Trouble = { readonly code: string; readonly tries: number; readonly from: Instant };

/** What follows a seat that was refused for the n-th time by a fault: another try later, or a person. */
export const seatRefused = (
  { enrollmentId }: Ids,
  paymentId: PaymentId,
  { code, tries, from }: Trouble,
): SagaEffect[] => {
  const seconds = SEAT_AGAIN_SECONDS[tries - 1];
  const told = cause(tellOperators, `${paymentId}:seat:${tries}`, {
    ...{ paymentId, enrollmentId, about: 'seat', code, tries },
    givenUp: seconds === undefined,
  });
  if (seconds === undefined) return [told];
  return [told, { kind: 'timer', name: SEAT_AGAIN, at: addSeconds(from, seconds) }];
};

/** What follows a refund that failed for the n-th time: another try later, or a person. */
export const refundFailed = (
  { enrollmentId }: Ids,
  paymentId: PaymentId,
  { code, tries, from }: Trouble,
): SagaEffect[] => {
  const minutes = REFUND_AGAIN_MINUTES[tries - 1];
  const told = cause(tellOperators, `${paymentId}:refund:${tries}`, {
    ...{ paymentId, enrollmentId, about: 'refund', code, tries },
    givenUp: minutes === undefined,
  });
  if (minutes === undefined) return [told];
  const name = `${REFUND_AGAIN}${paymentId}`;
  return [told, { kind: 'timer', name, at: addMinutes(from, minutes) }];
};

export const refundCauseOf = (cancelled: CancelCause): RefundCause =>
  cancelled === 'activity-cancelled' ? 'activity-cancelled' : 'enrollment-cancelled';

export const voidIt = (ticketId: TicketId, cancelled: CancelCause): SagaEffect =>
  send(
    voidTicket,
    { ticketId },
    {
      cause: cancelled === 'activity-cancelled' ? 'activity-cancelled' : 'enrollment-cancelled',
    },
  );

export const lookUp = ({ enrollmentId }: Ids, paymentId: PaymentId, look: string): SagaEffect =>
  cause(lookUpPayment, `${paymentId}:${look}`, { paymentId, enrollmentId });

export const cancelAtStripe = ({ enrollmentId }: Ids, paymentId: PaymentId): SagaEffect =>
  cause(cancelPayment, paymentId, { paymentId, enrollmentId });

/**
 * Once more, under a key of its own: when it was cancelled the first time `pay` was still on its
 * way to Stripe, and there was nothing to cancel.
 */
export const cancelAgain = (
  { enrollmentId }: Ids,
  paymentId: PaymentId,
  when: 'started' | Instant,
): SagaEffect => cause(cancelPayment, `${paymentId}:${when}`, { paymentId, enrollmentId });

/** The hold is over. A payment that the member is in the middle of is left alone for now. */
export const cancelAtRest = ({ enrollmentId }: Ids, paymentId: PaymentId): SagaEffect =>
  cause(cancelPayment, `${paymentId}:at-rest`, { paymentId, enrollmentId, onlyAtRest: true });

/** `round` 0 gives the money back; later ones find out what became of it. */
export const giveBack = (paymentId: PaymentId, refundId: RefundId, round: number): SagaEffect =>
  cause(refundPayment, round === 0 ? refundId : `${refundId}:${round}`, { paymentId, refundId });
