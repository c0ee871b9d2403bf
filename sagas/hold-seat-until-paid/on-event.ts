import type { Reaction } from '../_runtime/definition.ts';
import type { Enrolled, Paid, Seated, Ticketed } from './hears.ts';
import { onEnrollmentEvent } from './on-enrollment.ts';
import { onPaymentEvent } from './on-payment.ts';
import { onSeatingEvent } from './on-seating.ts';
import type { HoldState } from './state.ts';
import { voidIt } from './wants.ts';

export function onEvent(
  before: HoldState,
  event: Enrolled | Seated | Paid | Ticketed,
): Reaction<HoldState> {
  const { enrollmentId, activityId, memberId } = event.data;
  const ids = { enrollmentId, activityId, memberId };
  const state = { ...before, ids, heardAt: event.metadata.recordedAt };
  switch (event.type) {
    case 'SeatHeld':
    case 'SeatConfirmed':
    case 'SeatWaitlisted':
    case 'SeatReleased':
      return onSeatingEvent(state, event, ids);
    case 'EnrollmentRequested':
    case 'EnrollmentPromoted':
    case 'PaymentAttemptOpened':
    case 'EnrollmentConfirmed':
    case 'EnrollmentLapsed':
    case 'EnrollmentCancelled':
      return onEnrollmentEvent(state, event, ids);
    case 'PaymentStarted':
    case 'PaymentSucceeded':
    case 'PaymentFeeCharged':
    case 'PaymentCancelled':
    case 'RefundRequested':
    case 'RefundSettled':
    case 'RefundFailed':
    case 'CashPaymentReceived':
      return onPaymentEvent(state, event, ids);
    case 'TicketIssued':
      // It was issued while the cancellation was on its way: the order to void it came too early.
      return {
        state,
        effects: state.cancelCause === null ? [] : [voidIt(event.data.ticketId, state.cancelCause)],
      };
  }
}
