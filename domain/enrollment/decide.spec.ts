import { describe, expect, test } from 'vitest';
import { exampleIds } from '../_kernel/examples.ts';
import { ImpossibleHistoryError } from '../_kernel/history.ts';
import { deriveId } from '../_kernel/ids.ts';
import { spec } from '../_kernel/spec-kit.ts';
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
import {
  attemptOpened,
  cancellation,
  cancelled,
  confirmed,
  held,
  holdExpiresAt,
  lapsed,
  payment,
  request,
  startsAt,
  waitlisted,
  waitlistedFree,
} from './examples.ts';
import { type EnrollmentState, enrollment } from './state.ts';

const { activityId, enrollmentId, memberId, paymentId, ticketId } = exampleIds;
const ids = { enrollmentId, activityId, memberId };
const secondPaymentId = deriveId('pay', 'example', 2);
const free = { amount: 0, currency: 'EUR' } as const;
const now = '2026-05-01T08:00:00.000Z';
const calledOff = (
  cause: 'by-staff' | 'activity-cancelled' | 'seat-given-back',
): EnrollmentEvent => ({
  type: 'EnrollmentCancelled',
  data: { ...ids, cause },
});
const attemptClosed: EnrollmentEvent = {
  type: 'PaymentAttemptClosed',
  data: { ...ids, paymentId, cause: 'cancelled' },
};

describe('requestEnrollment', () => {
  test('tells what the seat decision gave', () => {
    spec(enrollment)
      .given()
      .when((state) => requestEnrollment(state, request))
      .then(held);
  });

  test('a free seat is confirmed in the same append', () => {
    const input = {
      ...request,
      ...{ price: free, serviceFee: free, amountDue: free },
      outcome: 'confirmed' as const,
      holdExpiresAt: null,
    };
    const { ticketId: _, ...data } = input;
    const when = spec(enrollment)
      .given()
      .when((state) => requestEnrollment(state, input));
    when.then(
      { type: 'EnrollmentRequested', data },
      {
        type: 'EnrollmentConfirmed',
        data: { ...ids, ticketId, paymentId: null, amountPaid: free },
      },
    );
    expect(when.state()).toMatchObject({ status: 'confirmed', ticketId, paymentId: null });
  });

  test('a hold has a deadline and nothing else has', () => {
    const state = enrollment.initial();
    expect(() => requestEnrollment(state, { ...request, holdExpiresAt: null })).toThrow(RangeError);
    expect(() => requestEnrollment(state, { ...request, outcome: 'waitlisted' })).toThrow(
      RangeError,
    );
  });

  test('again is nothing to do, whatever became of it', () => {
    for (const history of [[held], [held, lapsed], [held, cancelled], [held, confirmed]]) {
      spec(enrollment)
        .given(...history)
        .when((state) => requestEnrollment(state, request))
        .then();
    }
  });
});

describe('openPaymentAttempt', () => {
  const attempts = (n: number) => deriveId('pay', 'attempt', n);
  const when =
    (now = '2026-05-01T08:00:00.000Z') =>
    (state: EnrollmentState) =>
      openPaymentAttempt(state, { paymentId: attempts, now });

  test('the amount is what is due and the payment is that of the attempt', () => {
    const { state } = spec(enrollment).given(held).when(when());
    expect(state()).toMatchObject({
      openAttempt: { paymentId: attempts(1), attempt: 1 },
      attempts: 1,
    });
  });

  test('one attempt is open at a time', () => {
    spec(enrollment).given(held, attemptOpened).when(when()).then();
  });

  test('after an attempt was closed the next one has the next number', () => {
    spec(enrollment)
      .given(held, attemptOpened, attemptClosed)
      .when(when())
      .then({
        type: 'PaymentAttemptOpened',
        data: { ...ids, paymentId: attempts(2), attempt: 2, amount: request.amountDue },
      });
  });

  test('nothing is opened at or after the deadline, not even with an attempt open', () => {
    spec(enrollment).given(held).when(when(holdExpiresAt)).thenRejected('hold-expired');
    spec(enrollment)
      .given(held, attemptOpened)
      .when(when(holdExpiresAt))
      .thenRejected('hold-expired');
  });

  test('a promoted enrollment is paid like any other', () => {
    const later = '2026-05-01T09:00:00.000Z';
    const promoted: EnrollmentEvent = {
      type: 'EnrollmentPromoted',
      data: { ...ids, holdExpiresAt: later },
    };
    spec(enrollment).given(waitlisted).when(when()).thenRejected('waitlisted');
    spec(enrollment)
      .given(waitlisted)
      .when((state) => promoteEnrollment(state, { holdExpiresAt: later }))
      .then(promoted);
    const { state } = spec(enrollment).given(waitlisted, promoted).when(when(holdExpiresAt));
    expect(state()).toMatchObject({ status: 'held', attempts: 1 });
  });
});

describe('closePaymentAttempt', () => {
  const when = (id: typeof paymentId) => (state: EnrollmentState) =>
    closePaymentAttempt(state, { paymentId: id, cause: 'cancelled' });

  test('closes the open attempt once', () => {
    spec(enrollment).given(held, attemptOpened).when(when(paymentId)).then(attemptClosed);
    spec(enrollment).given(held, attemptOpened, attemptClosed).when(when(paymentId)).then();
  });

  test('the end of another payment closes nothing', () => {
    spec(enrollment).given(held, attemptOpened).when(when(secondPaymentId)).then();
  });

  test('an attempt that outlived its hold is closed all the same', () => {
    spec(enrollment).given(held, attemptOpened, lapsed).when(when(paymentId)).then(attemptClosed);
  });
});

describe('confirmEnrollment', () => {
  const when = (state: EnrollmentState) => confirmEnrollment(state, payment);

  test('the payment that pays for it ends its attempt', () => {
    const { then, state } = spec(enrollment).given(held, attemptOpened).when(when);
    then(confirmed);
    expect(state()).toMatchObject({ status: 'confirmed', paymentId, ticketId, openAttempt: null });
  });

  test('late money that got a seat revives a lapsed enrollment', () => {
    spec(enrollment).given(held, attemptOpened, lapsed).when(when).then(confirmed);
  });

  test('an attempt beside the one that paid stays open, to be cancelled', () => {
    const second: EnrollmentEvent = {
      type: 'PaymentAttemptOpened',
      data: { ...ids, paymentId: secondPaymentId, attempt: 2, amount: request.amountDue },
    };
    const { state } = spec(enrollment).given(held, attemptOpened, attemptClosed, second).when(when);
    expect(state()).toMatchObject({ openAttempt: { paymentId: secondPaymentId, attempt: 2 } });
  });

  test('again by the same payment is nothing to do, by another it is a second payment', () => {
    spec(enrollment).given(held, confirmed).when(when).then();
    spec(enrollment)
      .given(held, confirmed)
      .when((state) => confirmEnrollment(state, { ...payment, paymentId: secondPaymentId }))
      .thenRejected('already-confirmed');
  });

  test('a cancelled enrollment stays cancelled', () => {
    spec(enrollment).given(held, cancelled).when(when).thenRejected('cancelled');
  });
});

describe('confirmFree', () => {
  const when = (state: EnrollmentState) => confirmFree(state, { ticketId });

  test('confirms a waiter to whom nothing is due', () => {
    spec(enrollment)
      .given(waitlistedFree)
      .when(when)
      .then({
        type: 'EnrollmentConfirmed',
        data: { ...ids, ticketId, paymentId: null, amountPaid: free },
      });
  });

  test('never gives away what costs something', () => {
    spec(enrollment).given(waitlisted).when(when).thenRejected('payment-due');
    spec(enrollment).given(held).when(when).thenRejected('payment-due');
  });
});

describe('lapse and cancel', () => {
  const lapse = (state: EnrollmentState) => lapseEnrollment(state, {});
  const cancel = (state: EnrollmentState) => cancelEnrollment(state, { ...cancellation, now });

  test('only what has no seat for good lapses', () => {
    spec(enrollment).given(held).when(lapse).then(lapsed);
    spec(enrollment).given(waitlisted).when(lapse).then(lapsed);
    for (const end of [confirmed, lapsed, cancelled]) {
      spec(enrollment).given(held, end).when(lapse).then();
    }
  });

  test('held, waiting and confirmed enrollments can be called off, once', () => {
    spec(enrollment).given(held).when(cancel).then(cancelled);
    spec(enrollment).given(waitlisted).when(cancel).then(cancelled);
    spec(enrollment).given(held, confirmed).when(cancel).then(cancelled);
    spec(enrollment).given(held, cancelled).when(cancel).then();
    spec(enrollment).given(held, lapsed).when(cancel).thenRejected('lapsed');
  });

  test('who was let in cannot be called off, by nobody', () => {
    const admitted = { ...cancellation, admittedAt: startsAt, now: startsAt };
    for (const cause of ['by-member', 'by-staff'] as const) {
      spec(enrollment)
        .given(held, confirmed)
        .when((state) => cancelEnrollment(state, { ...admitted, cause }))
        .thenRejected('already-checked-in');
    }
  });

  test('once the activity has begun, only staff call an enrollment off', () => {
    const begun = { ...cancellation, now: startsAt };
    spec(enrollment)
      .given(held, confirmed)
      .when((state) => cancelEnrollment(state, begun))
      .thenRejected('already-started');
    spec(enrollment)
      .given(held, confirmed)
      .when((state) => cancelEnrollment(state, { ...begun, cause: 'by-staff' }))
      .then(calledOff('by-staff'));
  });

  test.each(['activity-cancelled', 'seat-given-back'] as const)(
    'without the activity or the seat everything ends (%s)',
    (cause) => {
      spec(enrollment)
        .given(held, confirmed)
        .when((state) => cancelEnrollment(state, { cause }))
        .then(calledOff(cause));
    },
  );

  test('a cancelled enrollment keeps the ids of its ticket and payment', () => {
    const { state } = spec(enrollment).given(held, confirmed).when(cancel);
    expect(state()).toMatchObject({ status: 'cancelled', ticketId, paymentId });
  });
});

describe('recordConfirmationSent', () => {
  const messageId = '<ticket@pawprint.example>';
  const sent: EnrollmentEvent = { type: 'ConfirmationSent', data: { ...ids, messageId } };
  const when = (state: EnrollmentState) => recordConfirmationSent(state, { messageId });

  test('is told once', () => {
    spec(enrollment).given(held, confirmed).when(when).then(sent);
    spec(enrollment).given(held, confirmed, sent).when(when).then();
  });

  test('a mail that was on its way while the enrollment was cancelled is still a fact', () => {
    spec(enrollment).given(held, confirmed, cancelled).when(when).then(sent);
  });

  test('there is no confirmation of what was never confirmed', () => {
    spec(enrollment).given(held).when(when).thenRejected('not-confirmed');
    spec(enrollment).given(held, cancelled).when(when).thenRejected('not-confirmed');
  });
});

test('a history that begins in the middle is refused', () => {
  expect(() => enrollment.evolve(enrollment.initial(), confirmed)).toThrow(ImpossibleHistoryError);
  expect(() => [held, held].reduce(enrollment.evolve, enrollment.initial())).toThrow(
    ImpossibleHistoryError,
  );
});
