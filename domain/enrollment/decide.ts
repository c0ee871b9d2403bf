import type { EventOf } from '../_kernel/event.ts';
import type {
  ActivityId,
  EnrollmentId,
  MemberId,
  PaymentId,
  PetId,
  TicketId,
} from '../_kernel/ids.ts';
import type { Money } from '../_kernel/money.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { Instant } from '../_kernel/time.ts';
import type { EnrollmentCancelled, EnrollmentEvent, PaymentAttemptClosed } from './events.ts';
import type { Enrollment, EnrollmentState } from './state.ts';

type Decided = Decision<EnrollmentEvent>;
type CancelCause = EventOf<typeof EnrollmentCancelled>['data']['cause'];

export type RequestEnrollment = {
  readonly enrollmentId: EnrollmentId;
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
  readonly attendeeName: string;
  readonly attendeeEmail: string;
  readonly price: Money;
  readonly serviceFee: Money;
  readonly amountDue: Money;
  /** What the seat decision gave. */
  readonly outcome: 'held' | 'waitlisted' | 'confirmed';
  /** The deadline of the hold; null unless the outcome is `held`. */
  readonly holdExpiresAt: Instant | null;
  /** The ticket's id, for an enrollment that is confirmed at once. */
  readonly ticketId: TicketId;
  /** The pets that come along, at least one if given: `refusePets` has looked at them. */
  readonly petIds?: PetId[];
};

export function requestEnrollment(state: EnrollmentState, input: RequestEnrollment): Decided {
  switch (state.status) {
    case 'none':
      return request(input);
    case 'held':
    case 'waitlisted':
    case 'confirmed':
    case 'lapsed':
    case 'cancelled':
      return [];
  }
}

function request({ ticketId, ...data }: RequestEnrollment): Decided {
  if ((data.outcome === 'held') !== (data.holdExpiresAt !== null)) {
    throw new RangeError(`outcome ${data.outcome} with holdExpiresAt ${data.holdExpiresAt}`);
  }
  const requested = { type: 'EnrollmentRequested', data } as const;
  return data.outcome === 'confirmed'
    ? [requested, confirmation(data, { ticketId, ...nothingPaid(data) })]
    : [requested];
}

export type PromoteEnrollment = { readonly holdExpiresAt: Instant };

/** A seat came free for a waiting enrollment (seating decided it). */
export function promoteEnrollment(
  state: EnrollmentState,
  { holdExpiresAt }: PromoteEnrollment,
): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'waitlisted':
      return [{ type: 'EnrollmentPromoted', data: { ...idsOf(state), holdExpiresAt } }];
    case 'held':
    case 'confirmed':
    case 'lapsed':
    case 'cancelled':
      return [];
  }
}

export type OpenPaymentAttempt = {
  /** The id of the n-th attempt's payment, derived from enrollment and attempt. */
  readonly paymentId: (attempt: number) => PaymentId;
  readonly now: Instant;
};

/** One attempt is open at a time; while one is, nothing happens and the caller answers with it. */
export function openPaymentAttempt(
  state: EnrollmentState,
  { paymentId, now }: OpenPaymentAttempt,
): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'waitlisted':
      return rejected('waitlisted', 'There is no seat to pay for yet: the enrollment waits.');
    case 'confirmed':
      return alreadyConfirmed(state);
    case 'lapsed':
      return lapsed();
    case 'cancelled':
      return cancelled();
    case 'held': {
      const { holdExpiresAt, openAttempt, amountDue: amount } = state;
      if (now >= holdExpiresAt) {
        return rejected('hold-expired', 'The seat was held until a deadline that has passed.', {
          holdExpiresAt,
        });
      }
      if (openAttempt !== null) return [];
      const attempt = state.attempts + 1;
      const data = { ...idsOf(state), paymentId: paymentId(attempt), attempt, amount };
      return [{ type: 'PaymentAttemptOpened', data }];
    }
  }
}

export type ClosePaymentAttempt = {
  readonly paymentId: PaymentId;
  readonly cause: EventOf<typeof PaymentAttemptClosed>['data']['cause'];
};

/** Only the open attempt can be closed; the end of an older one changes nothing. */
export function closePaymentAttempt(
  state: EnrollmentState,
  { paymentId, cause }: ClosePaymentAttempt,
): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'held':
    case 'waitlisted':
    case 'confirmed':
    case 'lapsed':
    case 'cancelled':
      if (state.openAttempt?.paymentId !== paymentId) return [];
      return [{ type: 'PaymentAttemptClosed', data: { ...idsOf(state), paymentId, cause } }];
  }
}

export type ConfirmEnrollment = {
  readonly paymentId: PaymentId;
  readonly amountPaid: Money;
  readonly ticketId: TicketId;
};

/** The money came and seating has confirmed the seat, be it after the enrollment had lapsed. */
export function confirmEnrollment(state: EnrollmentState, input: ConfirmEnrollment): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'held':
    case 'waitlisted':
    case 'lapsed':
      return [confirmation(state, input)];
    case 'confirmed':
      return state.paymentId === input.paymentId ? [] : alreadyConfirmed(state);
    case 'cancelled':
      return cancelled();
  }
}

export type ConfirmFree = { readonly ticketId: TicketId };

/** A free waiter's turn has come: the seat was confirmed without a hold. */
export function confirmFree(state: EnrollmentState, { ticketId }: ConfirmFree): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'held':
    case 'waitlisted': {
      const { amountDue } = state;
      if (amountDue.amount > 0) {
        return rejected('payment-due', 'The enrollment is not free of charge.', { amountDue });
      }
      return [confirmation(state, { ticketId, ...nothingPaid(state) })];
    }
    case 'confirmed':
      return [];
    case 'lapsed':
      return lapsed();
    case 'cancelled':
      return cancelled();
  }
}

/**
 * Seating released the hold at its deadline. A waiting enrollment lapses too: its promotion and the
 * end of that hold may reach it in one go.
 */
export function lapseEnrollment(
  state: EnrollmentState,
  _input: Readonly<Record<string, never>> = {},
): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'held':
    case 'waitlisted':
      return [{ type: 'EnrollmentLapsed', data: { ...idsOf(state), cause: 'hold-expired' } }];
    case 'confirmed':
    case 'lapsed':
    case 'cancelled':
      return [];
  }
}

/** Causes that no person decides: whatever was checked in or has begun, the enrollment ends. */
export type CallOffCause = 'activity-cancelled' | 'seat-given-back';

export type CancelEnrollment =
  | { readonly cause: CallOffCause }
  | {
      readonly cause: Exclude<CancelCause, CallOffCause>;
      /** When its ticket was admitted; null: nobody has come yet. */
      readonly admittedAt: Instant | null;
      readonly startsAt: Instant;
      readonly now: Instant;
    };

/** Who was let in has had what was paid for; once it has begun, only staff call an enrollment off. */
export function cancelEnrollment(state: EnrollmentState, input: CancelEnrollment): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'held':
    case 'waitlisted':
    case 'confirmed': {
      const { cause } = input;
      const tooLate = 'now' in input ? tooLateToCancel(input) : null;
      return tooLate ?? [{ type: 'EnrollmentCancelled', data: { ...idsOf(state), cause } }];
    }
    case 'lapsed':
      return lapsed();
    case 'cancelled':
      return [];
  }
}

function tooLateToCancel(
  input: Exclude<CancelEnrollment, { cause: CallOffCause }>,
): Rejection | null {
  const { cause, admittedAt, startsAt, now } = input;
  if (admittedAt !== null) {
    return rejected('already-checked-in', 'The attendee has been let in.', { admittedAt });
  }
  if (cause === 'by-member' && now >= startsAt) {
    return rejected('already-started', 'The activity has begun; only staff can cancel now.', {
      startsAt,
    });
  }
  return null;
}

export type RecordConfirmationSent = { readonly messageId: string };

/** A mail that left stays sent, even if the enrollment was cancelled while it was on its way. */
export function recordConfirmationSent(
  state: EnrollmentState,
  { messageId }: RecordConfirmationSent,
): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'held':
    case 'waitlisted':
    case 'lapsed':
      return notConfirmed();
    case 'confirmed':
    case 'cancelled':
      if (state.ticketId === null) return notConfirmed();
      if (state.confirmationSent) return [];
      return [{ type: 'ConfirmationSent', data: { ...idsOf(state), messageId } }];
  }
}

type Ids = Pick<Enrollment, 'enrollmentId' | 'activityId' | 'memberId'>;

function idsOf({ enrollmentId, activityId, memberId }: Ids): Ids {
  return { enrollmentId, activityId, memberId };
}

function confirmation(
  of: Ids,
  paid: { ticketId: TicketId; paymentId: PaymentId | null; amountPaid: Money },
): EnrollmentEvent {
  const { ticketId, paymentId, amountPaid } = paid;
  return { type: 'EnrollmentConfirmed', data: { ...idsOf(of), ticketId, paymentId, amountPaid } };
}

function nothingPaid({ amountDue }: { readonly amountDue: Money }) {
  return { paymentId: null, amountPaid: { amount: 0, currency: amountDue.currency } };
}

function notFound(): Rejection {
  return rejected('not-found', 'There is no such enrollment.');
}

function alreadyConfirmed({ paymentId }: Enrollment): Rejection {
  return rejected('already-confirmed', 'The enrollment is confirmed already.', { paymentId });
}

function lapsed(): Rejection {
  return rejected('lapsed', 'The hold ended unpaid and the seat was given back. Enroll again.');
}

function cancelled(): Rejection {
  return rejected('cancelled', 'The enrollment was cancelled.');
}

function notConfirmed(): Rejection {
  return rejected('not-confirmed', 'The enrollment was never confirmed.');
}
