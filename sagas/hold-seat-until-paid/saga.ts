import { enrollmentEvents } from '../../domain/enrollment/events.ts';
import { paymentEvents } from '../../domain/payment/events.ts';
import { seatingEvents } from '../../domain/seating/events.ts';
import { ticketEvents } from '../../domain/ticket/events.ts';
import { defineSaga } from '../_runtime/definition.ts';
import { onEvent } from './on-event.ts';
import { onRefused } from './on-refused.ts';
import { onTimer } from './on-timer.ts';
import { initial } from './state.ts';

/**
 * A seat is held until it is paid or its time is over; money that comes always has a home: a seat,
 * or the way back.
 */
export const holdSeatUntilPaid = defineSaga({
  name: 'hold-seat-until-paid',
  summary:
    'Confirms what is paid, releases what is not, seats late money where there is room and refunds it where there is none.',
  events: [seatingEvents, enrollmentEvents, paymentEvents, ticketEvents],
  listens: [
    'SeatHeld',
    'SeatConfirmed',
    'SeatWaitlisted',
    'SeatReleased',
    'EnrollmentRequested',
    'EnrollmentPromoted',
    'PaymentAttemptOpened',
    'EnrollmentConfirmed',
    'EnrollmentLapsed',
    'EnrollmentCancelled',
    'PaymentStarted',
    'PaymentSucceeded',
    'PaymentFeeCharged',
    'PaymentCancelled',
    'RefundRequested',
    'RefundSettled',
    'RefundFailed',
    'CashPaymentReceived',
    'TicketIssued',
  ],
  instanceOf: (event) => event.data.enrollmentId,
  initial,
  react: (state, input) => {
    switch (input.kind) {
      case 'event':
        return onEvent(state, input.event);
      case 'timer':
        return onTimer(state, input);
      case 'refused':
        return onRefused(state, input);
    }
  },
});
