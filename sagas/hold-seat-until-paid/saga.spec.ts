import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { deriveId, type PaymentId } from '../../domain/_kernel/ids.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import type { SagaEffect, SagaInput } from '../_runtime/definition.ts';
import { command, delivered, specSaga } from '../_runtime/spec-kit.ts';
import type { Enrolled, Paid, Seated, Ticketed } from './hears.ts';
import { holdSeatUntilPaid } from './saga.ts';

type Input = SagaInput<Enrolled | Seated | Paid | Ticketed>;
type Fact<E> = E extends { readonly type: infer T; readonly data: infer D }
  ? { readonly type: T; readonly data: D }
  : never;

const { enrollmentId, activityId, memberId, paymentId, refundId: _refund, ticketId } = exampleIds;
const ids = { enrollmentId, activityId, memberId };
const now = '2026-05-01T08:00:00.000Z';
const until = '2026-05-01T08:30:00.000Z';
const other = deriveId('pay', 'other');
const eur = (amount: number) => ({ amount, currency: 'EUR' }) as const;
const price = eur(2500);
const refundId = deriveId('ref', paymentId, 0);

const event = (fact: Fact<Enrolled | Seated | Paid | Ticketed>, at = now): Input =>
  ({ kind: 'event', event: delivered(fact, at) }) as Input;
const timer = (name: string, dueAt: string): Input => ({ kind: 'timer', name, dueAt });
const refused = (name: string, body: object, code: string): Input => ({
  kind: 'refused',
  command: name,
  params: {},
  body,
  rejection: rejected(code, code),
});

const seatHeld = event({ type: 'SeatHeld', data: { ...ids, heldUntil: until, cause: 'enrolled' } });
const promotedSeat = event({
  type: 'SeatHeld',
  data: { ...ids, heldUntil: until, cause: 'promoted' },
});
const requested = (outcome: 'held' | 'waitlisted' | 'confirmed', amount = price) =>
  event({
    type: 'EnrollmentRequested',
    data: {
      ...ids,
      ...{ attendeeName: null, attendeeEmail: null, serviceFee: eur(0), price: amount },
      amountDue: amount,
      outcome,
      holdExpiresAt: outcome === 'held' ? until : null,
    },
  });
const opened = (id: PaymentId = paymentId) =>
  event({
    type: 'PaymentAttemptOpened',
    data: { ...ids, paymentId: id, attempt: 1, amount: price },
  });
const succeeded = (id: PaymentId = paymentId) =>
  event({
    type: 'PaymentSucceeded',
    data: { ...ids, paymentId: id, intentId: 'pi', chargeId: 'ch', amount: price, paidAt: now },
  });
const feeCharged = event({
  type: 'PaymentFeeCharged',
  data: { ...ids, paymentId, balanceTransactionId: 'txn', fee: eur(63), net: eur(2437) },
});
const cancelledPayment = event({
  type: 'PaymentCancelled',
  data: { ...ids, paymentId, intentId: 'pi', reason: null },
});
const seatConfirmed = (cause: 'free' | 'paid' | 'late-payment') =>
  event({ type: 'SeatConfirmed', data: { ...ids, cause } });
const seatExpired = event({
  type: 'SeatReleased',
  data: { ...ids, was: 'held', cause: 'hold-expired' },
});
const confirmed = event({
  type: 'EnrollmentConfirmed',
  data: { ...ids, ticketId, paymentId, amountPaid: price },
});
const lapsed = event({ type: 'EnrollmentLapsed', data: { ...ids, cause: 'hold-expired' } });
const cancelled = (cause: 'by-member' | 'by-staff' | 'activity-cancelled' = 'by-member') =>
  event({ type: 'EnrollmentCancelled', data: { ...ids, cause } });
const refundRequested = event({
  type: 'RefundRequested',
  data: { ...ids, paymentId, refundId, amount: price, cause: 'late-payment' },
});

const held = [seatHeld, requested('held')];
const paying = [...held, opened()];
const paid = [...paying, succeeded()];
const done = [...paid, seatConfirmed('paid'), confirmed];

const look = (id: PaymentId, at: string): SagaEffect => ({
  kind: 'timer',
  name: `look-up:${id}`,
  at,
});
const lookNoMore: SagaEffect = { kind: 'cancel-timer', name: `look-up:${paymentId}` };
const forgetHold: SagaEffect = { kind: 'cancel-timer', name: 'hold-ends' };
const confirmSeat = command('confirm-seat', { activityId }, { enrollmentId, memberId });
const refund = (id: PaymentId, cause: string) =>
  command(
    'request-refund',
    { paymentId: id },
    { refundId: deriveId('ref', id, 0), amount: price, cause },
  );
const sideEffect = (effect: string, key: string, payload: object): SagaEffect => ({
  kind: 'side-effect',
  effect,
  key,
  payload,
});
const seatRefused = (code: string) => refused('confirm-seat', { enrollmentId, memberId }, code);
const inAMinute = '2026-05-01T08:01:00.000Z';

const saga = specSaga(holdSeatUntilPaid);

describe('a hold', () => {
  it('has a timer a second after its deadline', () => {
    saga
      .given()
      .when(seatHeld)
      .wants({ kind: 'timer', name: 'hold-ends', at: '2026-05-01T08:30:01.000Z' });
    saga.given(seatHeld).when(requested('held')).wants();
  });

  it('that was not paid is released when its timer fires, and asked for again until it is gone', () => {
    saga
      .given(...held)
      .when(timer('hold-ends', '2026-05-01T08:30:01.000Z'))
      .wants(command('expire-holds', { activityId }, {}), {
        kind: 'timer',
        name: 'hold-ends',
        at: '2026-05-01T08:31:01.000Z',
      });
  });

  it('is asked for less and less often: after a day without us it is not asked for minute by minute', () => {
    const asked: string[] = [];
    let at = '2026-05-01T08:30:01.000Z';
    const fired: ReturnType<typeof timer>[] = [];
    while (at < '2026-05-02T08:30:00.000Z') {
      const { effects } = saga.given(...paying, ...fired).when(timer('hold-ends', at));
      fired.push(timer('hold-ends', at));
      const next = effects.find((effect) => effect.kind === 'timer');
      at = next?.at ?? 'never';
      asked.push(at);
    }
    expect(asked.length).toBeLessThan(12);
    expect(asked[0]).toBe('2026-05-01T08:31:01.000Z');
    // A seat that is held anew begins anew.
    saga
      .given(...paying, ...fired, seatHeld)
      .when(timer('hold-ends', '2026-05-01T08:30:01.000Z'))
      .wants(
        sideEffect('look-up-payment', `${paymentId}:hold-ended:2026-05-01T08:30:01.000Z`, {
          paymentId,
          enrollmentId,
        }),
        command('expire-holds', { activityId }, {}),
        { kind: 'timer', name: 'hold-ends', at: '2026-05-01T08:31:01.000Z' },
      );
  });

  it('with an open payment is looked up at Stripe first', () => {
    const dueAt = '2026-05-01T08:30:01.000Z';
    const { effects } = saga.given(...paying).when(timer('hold-ends', dueAt));
    expect(effects[0]).toEqual(
      sideEffect('look-up-payment', `${paymentId}:hold-ended:${dueAt}`, {
        paymentId,
        enrollmentId,
      }),
    );
    expect(effects).toHaveLength(3);
  });

  it.each([
    ['paid', paid],
    ['confirmed', done],
    ['released', [...held, seatExpired, lapsed]],
    [
      'cancelled',
      [
        ...held,
        cancelled(),
        event({ type: 'SeatReleased', data: { ...ids, was: 'held', cause: 'cancelled' } }),
      ],
    ],
  ])('whose timer fires after it was %s wants nothing', (_what, history) => {
    saga
      .given(...history)
      .when(timer('hold-ends', '2026-05-01T08:30:01.000Z'))
      .wants();
  });

  it('ends: the enrollment lapses and its payment is cancelled, one with the bank in ten minutes', () => {
    saga
      .given(...paying)
      .when(seatExpired)
      .wants(forgetHold, command('lapse-enrollment', { enrollmentId }, {}));
    saga
      .given(...paying, seatExpired)
      .when(lapsed)
      .wants(
        sideEffect('cancel-payment', `${paymentId}:at-rest`, {
          ...{ paymentId, enrollmentId },
          onlyAtRest: true,
        }),
        { kind: 'timer', name: 'late-money-ends', at: '2026-05-01T08:10:00.000Z' },
      );
    saga
      .given(...paying, seatExpired, lapsed)
      .when(timer('late-money-ends', '2026-05-01T08:10:00.000Z'))
      .wants(sideEffect('cancel-payment', paymentId, { paymentId, enrollmentId }));
  });

  it('whose enrollment came later than its end lets that lapse when it comes', () => {
    saga.given(seatHeld).when(seatExpired).wants(forgetHold);
    saga
      .given(seatHeld, seatExpired)
      .when(requested('held'))
      .wants(command('lapse-enrollment', { enrollmentId }, {}));
  });
});

describe('a place in the waitlist', () => {
  const promote = command('promote-enrollment', { enrollmentId }, { holdExpiresAt: until });

  it('that is promoted is told to the enrollment, with a timer of its own', () => {
    const { effects } = saga.given(requested('waitlisted')).when(promotedSeat);
    expect(effects).toEqual([
      { kind: 'timer', name: 'hold-ends', at: '2026-05-01T08:30:01.000Z' },
      promote,
    ]);
  });

  it('that was promoted before its enrollment was there is told when it comes', () => {
    saga.given(promotedSeat).when(requested('waitlisted')).wants(promote);
  });

  it('free of charge is confirmed', () => {
    saga
      .given(requested('waitlisted', eur(0) as typeof price))
      .when(seatConfirmed('free'))
      .wants(forgetHold, command('confirm-enrollment', { enrollmentId }, { paid: null }));
    // A free enrollment that was not waiting has said so itself.
    const { effects } = saga.given(seatConfirmed('free')).when(requested('confirmed'));
    expect(effects.filter(({ kind }) => kind === 'command')).toEqual([]);
  });
});

describe('a place without an enrollment (`enroll` was cut in between)', () => {
  const seatWaitlisted = event({ type: 'SeatWaitlisted', data: { ...ids, holdMinutes: null } });
  const enrollmentDue: SagaEffect = {
    kind: 'timer',
    name: 'enrollment-due',
    at: '2026-05-01T08:05:00.000Z',
  };
  const itIsThere: SagaEffect = { kind: 'cancel-timer', name: 'enrollment-due' };
  const due = timer('enrollment-due', '2026-05-01T08:05:00.000Z');
  const giveBack = command(
    'release-seat',
    { activityId },
    { enrollmentId, memberId, cause: 'cancelled' },
  );
  const callOffWithoutSeat = command(
    'call-off-enrollment',
    { enrollmentId },
    { cause: 'seat-given-back' },
  );
  const free = eur(0) as typeof price;

  it('is waited for longer than a client repeats', () => {
    saga.given().when(seatConfirmed('free')).wants(forgetHold, enrollmentDue);
    saga.given().when(seatWaitlisted).wants(enrollmentDue);
    // A waiter whose turn came: five minutes from then.
    saga.given(seatWaitlisted).when(seatConfirmed('free')).wants(forgetHold, enrollmentDue);
  });

  it('is given back when none came', () => {
    saga.given(seatConfirmed('free')).when(due).wants(giveBack);
    saga.given(seatWaitlisted).when(due).wants(giveBack);
    // A hold has a deadline of its own.
    saga.given(seatWaitlisted, promotedSeat).when(due).wants();
  });

  it('is kept when one came', () => {
    saga.given(seatConfirmed('free')).when(requested('confirmed', free)).wants(itIsThere);
    saga.given(seatWaitlisted).when(requested('waitlisted', free)).wants(itIsThere);
    for (const [seat, outcome] of [
      [seatConfirmed('free'), 'confirmed'],
      [seatWaitlisted, 'waitlisted'],
    ] as const) {
      saga.given(seat, requested(outcome, free)).when(due).wants();
    }
    saga.given(seatConfirmed('free'), seatExpired).when(due).wants();
  });

  it.each(['confirmed', 'waitlisted'] as const)(
    'that was given back calls off an enrollment (%s) that comes all the same',
    (outcome) => {
      const givenBack = event({
        type: 'SeatReleased',
        data: { ...ids, was: outcome, cause: 'cancelled' },
      });
      saga
        .given(seatConfirmed('free'), givenBack)
        .when(requested(outcome, free))
        .wants(callOffWithoutSeat);
      // It came while the seat was on its way back.
      saga
        .given(seatConfirmed('free'), due, requested(outcome, free))
        .when(givenBack)
        .wants(forgetHold, callOffWithoutSeat);
    },
  );

  it('is given back with its enrollment, which is not called off twice', () => {
    const givenBack = event({
      type: 'SeatReleased',
      data: { ...ids, was: 'confirmed', cause: 'cancelled' },
    });
    saga
      .given(seatConfirmed('free'), requested('confirmed', free), cancelled())
      .when(givenBack)
      .wants(forgetHold);
  });
});

describe('a payment', () => {
  it('is looked after from the attempt on, with growing pauses', () => {
    saga
      .given(...held)
      .when(opened())
      .wants(look(paymentId, inAMinute));
    saga
      .given(...paying)
      .when(
        event({
          type: 'PaymentStarted',
          data: { ...ids, paymentId, method: 'card', amount: price },
        }),
      )
      .wants();
    saga
      .given(...paying)
      .when(timer(`look-up:${paymentId}`, inAMinute))
      .wants(
        sideEffect('look-up-payment', `${paymentId}:${inAMinute}`, { paymentId, enrollmentId }),
        look(paymentId, '2026-05-01T08:03:00.000Z'),
      );
  });

  it('that brought money asks for the seat, and is looked at until its fee is known', () => {
    saga
      .given(...paying)
      .when(succeeded())
      .wants(look(paymentId, inAMinute), confirmSeat);
    saga
      .given(...paid)
      .when(feeCharged)
      .wants(lookNoMore);
    saga
      .given(...paid, feeCharged)
      .when(timer(`look-up:${paymentId}`, inAMinute))
      .wants();
  });

  it.each(['paid', 'late-payment'] as const)(
    'that got its seat (%s) confirms the enrollment',
    (cause) => {
      saga
        .given(...paid)
        .when(seatConfirmed(cause))
        .wants(
          forgetHold,
          command('confirm-enrollment', { enrollmentId }, { paid: { paymentId, amount: price } }),
        );
    },
  );

  it('that came after the hold had lapsed asks for a seat all the same', () => {
    const { effects } = saga.given(...paying, seatExpired, lapsed).when(succeeded());
    expect(effects).toContainEqual(confirmSeat);
  });

  it.each(['sold-out', 'closed', 'cancelled'])(
    'for which there is no seat (%s) goes back',
    (code) => {
      saga
        .given(...paid, seatExpired)
        .when(seatRefused(code))
        .wants(refund(paymentId, 'late-payment'));
    },
  );

  it('that goes back while the hold stands lets that end: its timer may have fired meanwhile', () => {
    const holdEnds: SagaEffect = {
      kind: 'timer',
      name: 'hold-ends',
      at: '2026-05-01T08:30:01.000Z',
    };
    const fired = timer('hold-ends', '2026-05-01T08:30:01.000Z');
    saga
      .given(...paid, fired)
      .when(seatRefused('closed'))
      .wants(refund(paymentId, 'late-payment'), holdEnds);
    const { effects } = saga.given(...paid, fired, seatRefused('closed')).when(fired);
    expect(effects).toContainEqual(command('expire-holds', { activityId }, {}));
  });

  it.each(['already-confirmed', 'cancelled'])(
    'whose enrollment refuses it (%s) goes back',
    (code) => {
      saga
        .given(...paid, seatConfirmed('paid'))
        .when(refused('confirm-enrollment', { paid: { paymentId, amount: price } }, code))
        .wants(refund(paymentId, 'late-payment'));
    },
  );

  it('beside one that has the seat, or is getting it, goes back', () => {
    for (const history of [paid, done]) {
      saga
        .given(...history)
        .when(succeeded(other))
        .wants(look(other, inAMinute), refund(other, 'late-payment'));
    }
  });

  it('after one that went back asks for a seat again', () => {
    const { effects } = saga.given(...paid, seatRefused('sold-out')).when(succeeded(other));
    expect(effects).toContainEqual(confirmSeat);
  });

  it('that is cancelled closes its attempt', () => {
    saga
      .given(...paying)
      .when(cancelledPayment)
      .wants(
        lookNoMore,
        command('close-payment-attempt', { enrollmentId }, { paymentId, cause: 'cancelled' }),
      );
  });

  it('that is open when another confirms the enrollment is cancelled at Stripe', () => {
    saga
      .given(...held, opened(other), opened(), succeeded(), seatConfirmed('paid'))
      .when(confirmed)
      .wants(forgetHold, sideEffect('cancel-payment', other, { paymentId: other, enrollmentId }));
  });
});

describe('cash', () => {
  const { tillId } = exampleIds;
  const received = (id: PaymentId = paymentId) =>
    event({ type: 'CashPaymentReceived', data: { ...ids, paymentId: id, tillId, amount: price } });

  it('asks for the seat at once; nobody asks Stripe about it', () => {
    saga
      .given(...held)
      .when(received())
      .wants(confirmSeat);
    saga
      .given(...held, received())
      .when(seatConfirmed('paid'))
      .wants(
        forgetHold,
        command('confirm-enrollment', { enrollmentId }, { paid: { paymentId, amount: price } }),
      );
  });

  it('beside an open card payment ends that, once it has the seat', () => {
    const { effects } = saga
      .given(...held, opened(other), received(), seatConfirmed('paid'))
      .when(confirmed);
    expect(effects).toContainEqual(
      sideEffect('cancel-payment', other, { paymentId: other, enrollmentId }),
    );
  });

  it('beside money that has the seat is owed back, and so is cash after a cancellation', () => {
    saga
      .given(...done)
      .when(received(other))
      .wants(refund(other, 'late-payment'));
    saga
      .given(...held, cancelled())
      .when(received())
      .wants(refund(paymentId, 'enrollment-cancelled'));
  });

  it('that is owed back waits for staff: Stripe is not told', () => {
    saga
      .given(...held, received())
      .when(refundRequested)
      .wants();
  });
});

describe('a seat that is refused for no reason that money can have', () => {
  const told = (tries: number, givenUp: boolean) =>
    sideEffect('tell-operators', `${paymentId}:seat:${tries}`, {
      ...{ paymentId, enrollmentId, about: 'seat', code: 'not-open', tries, givenUp },
    });
  const again = (at: string): SagaEffect => ({ kind: 'timer', name: 'seat-again', at });
  const firings = [
    '2026-05-01T08:00:30.000Z',
    '2026-05-01T08:02:30.000Z',
    '2026-05-01T08:12:30.000Z',
    '2026-05-01T09:12:30.000Z',
    '2026-05-01T15:12:30.000Z',
  ];
  const fault = seatRefused('not-open');
  /** Refused n times, each asked again in between. */
  const times = (n: number): readonly Input[] => [
    ...paid,
    ...firings.slice(0, n).flatMap((at) => [fault, timer('seat-again', at)]),
  ];

  it.each(['not-open', 'not-found', 'anything-else'])('keeps the money (%s)', (code) => {
    const { effects } = saga.given(...paid).when(seatRefused(code));
    expect(effects.filter(({ kind }) => kind === 'command')).toEqual([]);
  });

  it('is told at once and asked for again, with growing pauses', () => {
    for (const [n, at] of firings.entries()) {
      saga
        .given(...times(n))
        .when(fault)
        .wants(told(n + 1, false), again(at));
      saga
        .given(...times(n), fault)
        .when(timer('seat-again', at))
        .wants(confirmSeat);
    }
  });

  it('is left to a person after that; the money waits', () => {
    saga
      .given(...times(5))
      .when(fault)
      .wants(told(6, true));
    expect(saga.given(...times(5)).when(fault).state).toMatchObject({ seating: paymentId });
  });

  it('is not asked for again once it is there, or nobody wants it', () => {
    for (const end of [[seatConfirmed('paid')], [cancelled()], [seatRefused('sold-out')]]) {
      const { effects } = saga
        .given(...times(1), fault, ...end)
        .when(timer('seat-again', '2026-05-01T08:02:30.000Z'));
      expect(effects).toEqual([]);
    }
  });
});

describe('a payment that is made at Stripe when nobody wants it any more', () => {
  const startedAt = (id: PaymentId = paymentId) =>
    event({
      type: 'PaymentStarted',
      data: { ...ids, paymentId: id, method: 'card', amount: price },
    });
  const lateMoneyEnds = timer('late-money-ends', '2026-05-01T08:10:00.000Z');
  const cancelAgain = (when: string, id: PaymentId = paymentId) =>
    sideEffect('cancel-payment', `${id}:${when}`, { paymentId: id, enrollmentId });

  it.each([
    ['was cancelled', [...paying, cancelled()]],
    ['lapsed, past the time of late money', [...paying, seatExpired, lapsed, lateMoneyEnds]],
  ] as const)('is cancelled once it is there: its enrollment %s', (_what, history) => {
    saga
      .given(...history)
      .when(startedAt())
      .wants(cancelAgain('started'));
    // `pay` was cut before it could say so: found by looking for it.
    saga
      .given(...history)
      .when(timer(`look-up:${paymentId}`, inAMinute))
      .wants(cancelAgain(inAMinute), look(paymentId, '2026-05-01T08:03:00.000Z'));
  });

  it('is cancelled beside the one that confirmed the enrollment', () => {
    saga
      .given(...held, opened(other), opened(), succeeded(), seatConfirmed('paid'), confirmed)
      .when(startedAt(other))
      .wants(cancelAgain('started', other));
  });

  it('is left alone while its money may still find a seat', () => {
    for (const history of [paying, [...paying, seatExpired, lapsed]]) {
      saga
        .given(...history)
        .when(startedAt())
        .wants();
    }
  });

  it('is looked up, not cancelled, once it has brought money', () => {
    saga
      .given(...paid, cancelled())
      .when(startedAt())
      .wants();
    const { effects } = saga
      .given(...paid, cancelled())
      .when(timer(`look-up:${paymentId}`, inAMinute));
    expect(effects[0]).toMatchObject({ effect: 'look-up-payment' });
  });
});

describe('a refund', () => {
  it('is made at Stripe under its own id and asked about again', () => {
    saga
      .given(...paid)
      .when(refundRequested)
      .wants(sideEffect('refund-payment', refundId, { paymentId, refundId }), {
        kind: 'timer',
        name: `refund:${refundId}`,
        at: '2026-05-01T09:00:00.000Z',
      });
    saga
      .given(...paid, refundRequested)
      .when(timer(`refund:${refundId}`, '2026-05-01T09:00:00.000Z'))
      .wants(sideEffect('refund-payment', `${refundId}:1`, { paymentId, refundId }), {
        kind: 'timer',
        name: `refund:${refundId}`,
        at: '2026-05-02T09:00:00.000Z',
      });
  });

  it('that is settled closes the attempt; nobody asks any more', () => {
    const settled = event({
      type: 'RefundSettled',
      data: {
        ...ids,
        paymentId,
        refundId,
        amount: price,
        stripeRefundId: 're',
        balanceTransactionId: null,
      },
    });
    const over: SagaEffect = { kind: 'cancel-timer', name: `refund:${refundId}` };
    saga
      .given(...paid, refundRequested)
      .when(settled)
      .wants(
        over,
        command('close-payment-attempt', { enrollmentId }, { paymentId, cause: 'refunded' }),
      );
    saga
      .given(...paid, refundRequested, settled)
      .when(timer(`refund:${refundId}`, '2026-05-01T09:00:00.000Z'))
      .wants();
  });
});

describe('a refund that failed', () => {
  const nth = (n: number) => deriveId('ref', paymentId, n);
  const requestedAgain = (n: number) =>
    event({
      type: 'RefundRequested',
      data: { ...ids, paymentId, refundId: nth(n), amount: price, cause: 'activity-cancelled' },
    });
  const failed = (n: number) =>
    event({
      type: 'RefundFailed',
      data: {
        ...{ ...ids, paymentId, refundId: nth(n), amount: price },
        ...{ stripeRefundId: null, code: 'insufficient_funds' },
      },
    });
  const over = (n: number): SagaEffect => ({ kind: 'cancel-timer', name: `refund:${nth(n)}` });
  const again = (at: string): SagaEffect => ({
    kind: 'timer',
    name: `refund-again:${paymentId}`,
    at,
  });
  const toldOperators = (tries: number, givenUp: boolean) =>
    sideEffect('tell-operators', `${paymentId}:refund:${tries}`, {
      ...{ paymentId, enrollmentId, about: 'refund', code: 'insufficient_funds' },
      ...{ tries, givenUp },
    });
  const times = (n: number): readonly Input[] => [
    ...done,
    ...Array.from({ length: n }, (_, index) => [requestedAgain(index), failed(index)]).flat(),
  ];

  it('is told at once and asked for again, under the next id, with growing pauses', () => {
    const pauses = [
      [1, '2026-05-01T09:00:00.000Z'],
      [2, '2026-05-01T14:00:00.000Z'],
      [3, '2026-05-02T08:00:00.000Z'],
      [4, '2026-05-04T08:00:00.000Z'],
    ] as const;
    for (const [n, at] of pauses) {
      const request = { refundId: nth(n), amount: price, cause: 'activity-cancelled' };
      saga
        .given(...times(n - 1), requestedAgain(n - 1))
        .when(failed(n - 1))
        .wants(over(n - 1), toldOperators(n, false), again(at));
      saga
        .given(...times(n))
        .when(timer(`refund-again:${paymentId}`, at))
        .wants(command('request-refund', { paymentId }, request));
    }
  });

  it('is left to a person after five tries', () => {
    saga
      .given(...times(4), requestedAgain(4))
      .when(failed(4))
      .wants(over(4), toldOperators(5, true));
    // They tried it again: that failed too.
    saga
      .given(...times(5), requestedAgain(5))
      .when(failed(5))
      .wants(over(5), toldOperators(6, true));
  });

  it('days after it was settled is asked for again too', () => {
    const settled = event({
      type: 'RefundSettled',
      data: {
        ...{ ...ids, paymentId, refundId: nth(0), amount: price },
        ...{ stripeRefundId: 're', balanceTransactionId: null },
      },
    });
    const { effects } = saga.given(...done, requestedAgain(0), settled).when(failed(0));
    expect(effects).toContainEqual(again('2026-05-01T09:00:00.000Z'));
  });

  it('is not asked for twice: one that is on its way is waited for', () => {
    saga
      .given(...times(1), requestedAgain(1))
      .when(timer(`refund-again:${paymentId}`, '2026-05-01T09:00:00.000Z'))
      .wants();
  });
});

describe('a cancelled activity', () => {
  const calledOff = (was: 'held' | 'confirmed' | 'waitlisted') =>
    event({ type: 'SeatReleased', data: { ...ids, was, cause: 'activity-cancelled' } });
  const callOff = command('call-off-enrollment', { enrollmentId }, {});

  it.each([
    ['held', held],
    ['waitlisted', [requested('waitlisted')]],
    ['confirmed', done],
  ] as const)('takes the place back, and the %s enrollment ends', (was, history) => {
    saga
      .given(...history)
      .when(calledOff(was))
      .wants(forgetHold, callOff);
  });

  it.each(['held', 'waitlisted', 'confirmed'] as const)(
    'that overtook the enrollment (%s) ends it when it comes',
    (outcome) => {
      saga.given(calledOff('held')).when(requested(outcome)).wants(callOff);
    },
  );

  it('voids the ticket and refunds; the seat need not be given back again', () => {
    saga
      .given(...done, calledOff('confirmed'))
      .when(cancelled('activity-cancelled'))
      .wants(
        forgetHold,
        command('void-ticket', { ticketId }, { cause: 'activity-cancelled' }),
        refund(paymentId, 'activity-cancelled'),
      );
  });

  it('sends money back that was on its way', () => {
    saga
      .given(...paying, calledOff('held'), cancelled('activity-cancelled'))
      .when(succeeded())
      .wants(look(paymentId, inAMinute), refund(paymentId, 'activity-cancelled'));
  });
});

describe('a cancellation', () => {
  it('gives seat, ticket and money back', () => {
    saga
      .given(...done)
      .when(cancelled())
      .wants(
        forgetHold,
        command('release-seat', { activityId }, { enrollmentId, memberId, cause: 'cancelled' }),
        command('void-ticket', { ticketId }, { cause: 'enrollment-cancelled' }),
        refund(paymentId, 'enrollment-cancelled'),
      );
  });

  it('says so when it is the activity that was cancelled', () => {
    saga
      .given(...done)
      .when(cancelled('activity-cancelled'))
      .wants(
        forgetHold,
        command(
          'release-seat',
          { activityId },
          { enrollmentId, memberId, cause: 'activity-cancelled' },
        ),
        command('void-ticket', { ticketId }, { cause: 'activity-cancelled' }),
        refund(paymentId, 'activity-cancelled'),
      );
  });

  it('cancels an open payment at Stripe, and sends money back that comes all the same', () => {
    const { effects } = saga.given(...paying).when(cancelled());
    expect(effects).toContainEqual(
      sideEffect('cancel-payment', paymentId, { paymentId, enrollmentId }),
    );
    saga
      .given(...paying, cancelled())
      .when(succeeded())
      .wants(look(paymentId, inAMinute), refund(paymentId, 'enrollment-cancelled'));
  });

  it('of a payment that goes back already asks for no second refund', () => {
    const { effects } = saga.given(...done, refundRequested).when(cancelled());
    expect(
      effects.map((effect) => (effect.kind === 'command' ? effect.command : '')),
    ).not.toContain('request-refund');
  });

  it('that overtook the seat gives it back when it comes', () => {
    saga
      .given(...paid, cancelled())
      .when(seatConfirmed('paid'))
      .wants(
        forgetHold,
        command('release-seat', { activityId }, { enrollmentId, memberId, cause: 'cancelled' }),
      );
  });

  it('that overtook the ticket voids it when it is issued', () => {
    const issued = event({ type: 'TicketIssued', data: { ...ids, ticketId } });
    saga
      .given(...done, cancelled())
      .when(issued)
      .wants(command('void-ticket', { ticketId }, { cause: 'enrollment-cancelled' }));
    saga
      .given(...done)
      .when(issued)
      .wants();
  });
});

/** Money always has a home: whatever happens in whatever order, it is asked for a seat or sent back. */
it('never keeps money without a seat, in any order of events', () => {
  const inputs: readonly Input[] = [
    ...held,
    ...[opened(), opened(other), succeeded(), succeeded(other), feeCharged, cancelledPayment],
    ...[deriveId('pay', 'cash'), deriveId('pay', 'more cash')].map((id) =>
      event({
        type: 'CashPaymentReceived',
        data: { ...ids, paymentId: id, tillId: exampleIds.tillId, amount: price },
      }),
    ),
    ...[seatConfirmed('paid'), seatConfirmed('late-payment'), seatExpired, confirmed, lapsed],
    ...[cancelled(), refundRequested, timer('hold-ends', until), timer('late-money-ends', until)],
    ...[seatRefused('sold-out'), seatRefused('not-open'), timer('seat-again', until)],
    refused('confirm-enrollment', { paid: { paymentId, amount: price } }, 'cancelled'),
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...inputs), { maxLength: 14 }), (history) => {
      let state = holdSeatUntilPaid.initial;
      const refunds: string[] = [];
      for (const input of history) {
        const reaction = holdSeatUntilPaid.react(state, input);
        state = reaction.state;
        for (const effect of reaction.effects) {
          if (effect.kind === 'command' && effect.command === 'request-refund') {
            refunds.push(JSON.stringify(effect.params));
          }
        }
      }
      const paidIds = Object.entries(state.payments).filter(([, { status }]) => status === 'paid');
      for (const [id, payment] of paidIds) {
        expect(payment.refunding || state.seating === id, `${id} has no home`).toBe(true);
      }
      expect(new Set(refunds).size, 'one refund per payment').toBe(refunds.length);
    }),
    { numRuns: 2000 },
  );
});
