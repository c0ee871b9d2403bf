import type { enrollmentEvents } from '../../domain/enrollment/events.ts';
import type { paymentEvents } from '../../domain/payment/events.ts';
import type { seatingEvents } from '../../domain/seating/events.ts';
import type { ticketEvents } from '../../domain/ticket/events.ts';
import type { Heard } from '../_runtime/definition.ts';

export type Enrolled = Heard<
  [typeof enrollmentEvents],
  | 'EnrollmentRequested'
  | 'EnrollmentPromoted'
  | 'PaymentAttemptOpened'
  | 'EnrollmentConfirmed'
  | 'EnrollmentLapsed'
  | 'EnrollmentCancelled'
>;
export type Seated = Heard<
  [typeof seatingEvents],
  'SeatHeld' | 'SeatConfirmed' | 'SeatWaitlisted' | 'SeatReleased'
>;
export type Paid = Heard<
  [typeof paymentEvents],
  | 'PaymentStarted'
  | 'PaymentSucceeded'
  | 'PaymentFeeCharged'
  | 'PaymentCancelled'
  | 'RefundRequested'
  | 'RefundSettled'
  | 'RefundFailed'
  | 'CashPaymentReceived'
>;
export type Ticketed = Heard<[typeof ticketEvents], 'TicketIssued'>;
