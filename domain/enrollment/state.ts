import { defineAggregate } from '../_kernel/aggregate.ts';
import { impossible } from '../_kernel/history.ts';
import type {
  ActivityId,
  EnrollmentId,
  MemberId,
  PaymentId,
  PetId,
  TicketId,
} from '../_kernel/ids.ts';
import type { Money } from '../_kernel/money.ts';
import type { Instant } from '../_kernel/time.ts';
import { type EnrollmentEvent, enrollmentEvents } from './events.ts';

/** An attempt to pay that may still bring money. */
export type OpenAttempt = { readonly paymentId: PaymentId; readonly attempt: number };

export type Enrollment = {
  readonly enrollmentId: EnrollmentId;
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
  /** Null once the person was erased. */
  readonly attendeeName: string | null;
  readonly attendeeEmail: string | null;
  readonly price: Money;
  readonly serviceFee: Money;
  readonly amountDue: Money;
  readonly petIds: readonly PetId[];
  readonly openAttempt: OpenAttempt | null;
  /** How many attempts to pay were opened; the next one has the number after. */
  readonly attempts: number;
  /** The payment that confirmed it; null before, and when nothing was due. */
  readonly paymentId: PaymentId | null;
  /** Null until it was confirmed; kept after a cancellation. */
  readonly ticketId: TicketId | null;
  readonly confirmationSent: boolean;
};

export type EnrollmentState =
  | { readonly status: 'none' }
  | (Enrollment & { readonly status: 'held'; readonly holdExpiresAt: Instant })
  | (Enrollment & { readonly status: 'waitlisted' })
  | (Enrollment & { readonly status: 'confirmed'; readonly ticketId: TicketId })
  | (Enrollment & { readonly status: 'lapsed' })
  | (Enrollment & { readonly status: 'cancelled' });

type Requested = Exclude<EnrollmentState, { status: 'none' }>;

/** One member's enrollment in one activity: the agreement, as seating and payment come out. */
export const enrollment = defineAggregate({ events: enrollmentEvents, initial, evolve });

function initial(): EnrollmentState {
  return { status: 'none' };
}

function evolve(state: EnrollmentState, event: EnrollmentEvent): EnrollmentState {
  if (event.type === 'EnrollmentRequested') {
    return state.status === 'none' ? requested(event) : impossible(event, state.status);
  }
  if (state.status === 'none') return impossible(event, state.status);
  return change(state, event);
}

function change(
  state: Requested,
  event: Exclude<EnrollmentEvent, { type: 'EnrollmentRequested' }>,
): EnrollmentState {
  switch (event.type) {
    case 'EnrollmentPromoted':
      return { ...state, status: 'held', holdExpiresAt: event.data.holdExpiresAt };
    case 'PaymentAttemptOpened': {
      const { paymentId, attempt } = event.data;
      return { ...state, openAttempt: { paymentId, attempt }, attempts: attempt };
    }
    case 'PaymentAttemptClosed':
      return { ...state, openAttempt: without(state.openAttempt, event.data.paymentId) };
    case 'EnrollmentConfirmed': {
      const { ticketId, paymentId } = event.data;
      // An attempt beside the one that brought the money stays open: its intent is still to be cancelled.
      const openAttempt = without(state.openAttempt, paymentId);
      return { ...state, status: 'confirmed', ticketId, paymentId, openAttempt };
    }
    case 'EnrollmentLapsed':
      return { ...state, status: 'lapsed' };
    case 'EnrollmentCancelled':
      return { ...state, status: 'cancelled' };
    case 'ConfirmationSent':
      return { ...state, confirmationSent: true };
  }
}

function requested(
  event: Extract<EnrollmentEvent, { type: 'EnrollmentRequested' }>,
): EnrollmentState {
  const { outcome, holdExpiresAt, ...agreed } = event.data;
  const made: Enrollment = {
    ...agreed,
    petIds: agreed.petIds ?? [],
    openAttempt: null,
    attempts: 0,
    paymentId: null,
    ticketId: null,
    confirmationSent: false,
  };
  // A free seat is confirmed by the next event of the same append; until then it waits.
  if (outcome !== 'held') return { ...made, status: 'waitlisted' };
  return holdExpiresAt === null
    ? impossible(event, 'held without a deadline')
    : { ...made, status: 'held', holdExpiresAt };
}

function without(open: OpenAttempt | null, paymentId: PaymentId | null): OpenAttempt | null {
  return open?.paymentId === paymentId ? null : open;
}
