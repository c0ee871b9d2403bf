import { defineExamples, exampleIds } from '../_kernel/examples.ts';
import {
  cancelEnrollment,
  closePaymentAttempt,
  confirmEnrollment,
  confirmFree,
  lapseEnrollment,
  openPaymentAttempt,
  promoteEnrollment,
  recordConfirmationSent,
  requestEnrollment,
} from './decide.ts';
import type { EnrollmentEvent } from './events.ts';
import { enrollment } from './state.ts';

const { activityId, enrollmentId, memberId, paymentId, ticketId } = exampleIds;
const ids = { enrollmentId, activityId, memberId };
const now = '2026-05-01T08:00:00.000Z';
export const holdExpiresAt = '2026-05-01T08:30:00.000Z';
const eur = (amount: number) => ({ amount, currency: 'EUR' }) as const;

const agreed = {
  ...ids,
  attendeeName: 'Juno Example',
  attendeeEmail: 'juno@example.org',
  price: eur(2500),
  serviceFee: eur(63),
  amountDue: eur(2563),
};
export const request = { ...agreed, outcome: 'held', holdExpiresAt, ticketId } as const;

export const held: EnrollmentEvent = {
  type: 'EnrollmentRequested',
  data: { ...agreed, outcome: 'held', holdExpiresAt },
};
export const waitlisted: EnrollmentEvent = {
  type: 'EnrollmentRequested',
  data: { ...agreed, outcome: 'waitlisted', holdExpiresAt: null },
};
export const waitlistedFree: EnrollmentEvent = {
  type: 'EnrollmentRequested',
  data: {
    ...agreed,
    ...{ price: eur(0), serviceFee: eur(0), amountDue: eur(0) },
    outcome: 'waitlisted',
    holdExpiresAt: null,
  },
};
export const attemptOpened: EnrollmentEvent = {
  type: 'PaymentAttemptOpened',
  data: { ...ids, paymentId, attempt: 1, amount: eur(2563) },
};
export const confirmed: EnrollmentEvent = {
  type: 'EnrollmentConfirmed',
  data: { ...ids, ticketId, paymentId, amountPaid: eur(2563) },
};
export const lapsed: EnrollmentEvent = {
  type: 'EnrollmentLapsed',
  data: { ...ids, cause: 'hold-expired' },
};
export const cancelled: EnrollmentEvent = {
  type: 'EnrollmentCancelled',
  data: { ...ids, cause: 'by-member' },
};
export const startsAt = '2026-06-01T08:00:00.000Z';
export const cancellation = { cause: 'by-member', admittedAt: null, startsAt } as const;
export const payment = { paymentId, amountPaid: eur(2563), ticketId };

export const examples = defineExamples(enrollment, {
  statuses: {
    none: [],
    held: [held],
    waitlisted: [waitlisted],
    confirmed: [held, attemptOpened, confirmed],
    lapsed: [held, lapsed],
    cancelled: [held, cancelled],
  },
  situations: {
    'held, paying': [held, attemptOpened],
    'lapsed, paying': [held, attemptOpened, lapsed],
    'waitlisted, free': [waitlistedFree],
  },
  commands: {
    requestEnrollment: (state) => requestEnrollment(state, request),
    promoteEnrollment: (state) => promoteEnrollment(state, { holdExpiresAt }),
    openPaymentAttempt: (state) => openPaymentAttempt(state, { paymentId: () => paymentId, now }),
    'openPaymentAttempt (too late)': (state) =>
      openPaymentAttempt(state, { paymentId: () => paymentId, now: holdExpiresAt }),
    closePaymentAttempt: (state) => closePaymentAttempt(state, { paymentId, cause: 'cancelled' }),
    confirmEnrollment: (state) => confirmEnrollment(state, payment),
    confirmFree: (state) => confirmFree(state, { ticketId }),
    lapseEnrollment: (state) => lapseEnrollment(state, {}),
    cancelEnrollment: (state) => cancelEnrollment(state, { ...cancellation, now }),
    'cancelEnrollment (checked in)': (state) =>
      cancelEnrollment(state, { ...cancellation, admittedAt: startsAt, now }),
    'cancelEnrollment (it has begun)': (state) =>
      cancelEnrollment(state, { ...cancellation, now: startsAt }),
    'cancelEnrollment (with the activity)': (state) =>
      cancelEnrollment(state, { cause: 'activity-cancelled' }),
    recordConfirmationSent: (state) =>
      recordConfirmationSent(state, { messageId: '<ticket@pawprint.example>' }),
  },
});
