import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../_kernel/aggregate.ts';
import { deriveId, type RefundId } from '../_kernel/ids.ts';
import { type Decision, isRejection } from '../_kernel/rejection.ts';
import { spec } from '../_kernel/spec-kit.ts';
import {
  failRefund,
  payOutRefund,
  receiveCash,
  recordIntent,
  recordStripeState,
  requestRefund,
  type StripeObservation,
  settleRefund,
} from './decide.ts';
import type { PaymentEvent } from './events.ts';
import {
  anotherRefundId,
  cancelled,
  cash,
  failure,
  feeCharged,
  ids,
  intentCreated,
  intentId,
  observedCancelled,
  observedDecline,
  observedFee,
  observedOpen,
  observedPaid,
  paidOut,
  received,
  refund,
  refundFailed,
  refundRequested,
  refundSettled,
  settlement,
  started,
  succeeded,
} from './examples.ts';
import { refundableOf } from './refund.ts';
import { type PaymentState, payment } from './state.ts';

const open = [started, intentCreated];
const paid = [...open, succeeded];
const declined: PaymentEvent = {
  type: 'PaymentDeclined',
  data: {
    ...ids,
    ...{ chargeId: 'ch_declined', code: 'card_declined', declineCode: 'insufficient_funds' },
  },
};
type Move = (state: PaymentState, refundId: RefundId, amount: number) => Decision<PaymentEvent>;
const observe = (observed: StripeObservation) => (state: PaymentState) =>
  recordStripeState(state, observed);

describe('recordIntent', () => {
  test('a payment has one PaymentIntent', () => {
    const when = (state: PaymentState) => recordIntent(state, { intentId });
    spec(payment).given(started).when(when).then(intentCreated);
    spec(payment)
      .given(...open)
      .when(when)
      .then();
    spec(payment)
      .given(...open)
      .when((state) => recordIntent(state, { intentId: 'pi_other' }))
      .thenRejected('intent-mismatch');
  });
});

describe('recordStripeState', () => {
  test('a success that comes first tells everything at once', () => {
    spec(payment)
      .given(started)
      .when(observe(observedFee))
      .then(intentCreated, succeeded, feeCharged);
  });

  test('the fee may come after the success, and once', () => {
    spec(payment)
      .given(...open)
      .when(observe(observedPaid))
      .then(succeeded);
    spec(payment)
      .given(...paid)
      .when(observe(observedFee))
      .then(feeCharged);
    spec(payment)
      .given(...paid, feeCharged)
      .when(observe(observedFee))
      .then();
  });

  test('there is no fee before the money', () => {
    const { balanceTransaction } = observedFee;
    spec(payment)
      .given(...open)
      .when(observe({ ...observedOpen, status: 'processing', balanceTransaction }))
      .then();
  });

  test('each declined charge is told once', () => {
    spec(payment)
      .given(...open)
      .when(observe(observedDecline))
      .then(declined);
    spec(payment)
      .given(...open, declined)
      .when(observe(observedDecline))
      .then();
    const second = {
      ...observedDecline,
      decline: { chargeId: 'ch_second', code: 'expired_card', declineCode: 'expired_card' },
    };
    spec(payment)
      .given(...open, declined)
      .when(observe(second))
      .then({ type: 'PaymentDeclined', data: { ...ids, ...second.decline } });
  });

  test('a decline without a charge is told apart by its codes', () => {
    const noCharge = {
      ...observedDecline,
      decline: {
        chargeId: null,
        code: 'payment_intent_authentication_failure',
        declineCode: null,
      },
    };
    const told: PaymentEvent = { type: 'PaymentDeclined', data: { ...ids, ...noCharge.decline } };
    spec(payment)
      .given(...open)
      .when(observe(noCharge))
      .then(told);
    spec(payment)
      .given(...open, told)
      .when(observe(noCharge))
      .then();
  });

  test('an older observation after a newer one changes nothing', () => {
    for (const older of [observedOpen, observedDecline, observedCancelled, observedPaid]) {
      spec(payment)
        .given(...paid)
        .when(observe(older))
        .then();
    }
    for (const older of [observedOpen, observedDecline]) {
      spec(payment)
        .given(...open, cancelled)
        .when(observe(older))
        .then();
    }
  });

  test('money wins over a cancellation', () => {
    spec(payment)
      .given(...open, cancelled)
      .when(observe(observedPaid))
      .then(succeeded);
  });

  test('another amount or currency is not folded', () => {
    const { decision } = spec(payment)
      .given(...open)
      .when(observe({ ...observedPaid, amountReceived: 2562 }));
    expect(decision).toMatchObject({
      code: 'amount-mismatch',
      details: {
        expected: { amount: 2563, currency: 'EUR' },
        observed: { amount: 2562, currency: 'EUR' },
      },
    });
    spec(payment)
      .given(...open)
      .when(observe({ ...observedOpen, currency: 'usd' }))
      .thenRejected('amount-mismatch');
  });

  test('another PaymentIntent and a success without its charge are refused', () => {
    spec(payment)
      .given(...open)
      .when(observe({ ...observedPaid, intentId: 'pi_other' }))
      .thenRejected('intent-mismatch');
    spec(payment)
      .given(...open)
      .when(observe({ ...observedPaid, chargeId: null }))
      .thenRejected('incomplete-observation');
  });

  test('any order and any repetition of the same observations come to the same payment', () => {
    const story = [observedOpen, observedDecline, observedPaid, observedFee];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...story), { maxLength: 12 }), (shuffled) => {
        const history: PaymentEvent[] = [started];
        // Whatever came before, the newest observation comes at some time.
        for (const observed of [...shuffled, observedFee]) {
          const decision = recordStripeState(fold(payment, history), observed);
          if (isRejection(decision)) throw new Error(decision.message);
          history.push(...decision);
        }
        const types = history.map(({ type }) => type).filter((type) => type !== 'PaymentDeclined');
        expect(types).toEqual([
          ...['PaymentStarted', 'PaymentIntentCreated'],
          ...['PaymentSucceeded', 'PaymentFeeCharged'],
        ]);
        expect(history.length - types.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});

describe('refunds', () => {
  const ask = (state: PaymentState) => requestRefund(state, refund);
  const askAnother = (state: PaymentState) =>
    requestRefund(state, { ...refund, refundId: anotherRefundId });

  test('only what was captured can go back', () => {
    spec(payment)
      .given(...open)
      .when(ask)
      .thenRejected('not-paid');
    spec(payment)
      .given(...open, cancelled)
      .when(ask)
      .thenRejected('not-paid');
    spec(payment)
      .given(...paid)
      .when(ask)
      .then(refundRequested);
  });

  test('the same refund again is nothing to do, a second full one is too much', () => {
    spec(payment)
      .given(...paid, refundRequested)
      .when(ask)
      .then();
    const { decision } = spec(payment)
      .given(...paid, refundRequested)
      .when(askAnother);
    expect(decision).toMatchObject({
      code: 'refund-exceeds-payment',
      details: { refundable: { amount: 0, currency: 'EUR' } },
    });
  });

  test('a refund that failed can be asked for again under another id', () => {
    const { state } = spec(payment)
      .given(...paid, refundRequested, refundFailed)
      .when(askAnother);
    expect(state()).toMatchObject({ refunds: [{ status: 'failed' }, { status: 'requested' }] });
  });

  test('nothing, and another currency, cannot be refunded', () => {
    const of = (amount: number, currency: 'EUR' | 'USD') => (state: PaymentState) =>
      requestRefund(state, { ...refund, amount: { amount, currency } });
    spec(payment)
      .given(...paid)
      .when(of(0, 'EUR'))
      .thenRejected('nothing-to-refund');
    spec(payment)
      .given(...paid)
      .when(of(1, 'USD'))
      .thenRejected('refund-exceeds-payment');
  });

  test('is settled once, and can fail even then', () => {
    const settle = (state: PaymentState) => settleRefund(state, settlement);
    const fail = (state: PaymentState) => failRefund(state, failure);
    const asked = [...paid, refundRequested];
    spec(payment)
      .given(...asked)
      .when(settle)
      .then(refundSettled);
    spec(payment)
      .given(...asked, refundSettled)
      .when(settle)
      .then();
    spec(payment)
      .given(...asked, refundFailed)
      .when(settle)
      .then();
    spec(payment)
      .given(...asked)
      .when(fail)
      .then(refundFailed);
    spec(payment)
      .given(...asked, refundSettled)
      .when(fail)
      .then(refundFailed);
    spec(payment)
      .given(...asked, refundFailed)
      .when(fail)
      .then();
    spec(payment)
      .given(...paid)
      .when(settle)
      .thenRejected('refund-not-found');
    spec(payment)
      .given(...paid)
      .when(fail)
      .thenRejected('refund-not-found');
  });

  test('never more goes back than came in, whatever is asked for and fails', () => {
    const eur = (amount: number) => ({ amount, currency: 'EUR' }) as const;
    const moves = {
      ask: (state, refundId, amount) =>
        requestRefund(state, { ...refund, refundId, amount: eur(amount) }),
      settle: (state, refundId) => settleRefund(state, { ...settlement, refundId }),
      fail: (state, refundId) => failRefund(state, { ...failure, refundId }),
    } satisfies Record<string, Move>;
    const step = fc.record({
      move: fc.constantFrom<Move>(moves.ask, moves.ask, moves.settle, moves.fail),
      which: fc.nat(6),
      amount: fc.integer({ min: 0, max: 3000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const history: PaymentEvent[] = [...paid];
        for (const { move, which, amount } of steps) {
          const state = fold(payment, history);
          const decision = move(state, deriveId('ref', 'property', which), amount);
          if (!isRejection(decision)) history.push(...decision);
          const after = fold(payment, history);
          if (after.status !== 'succeeded') throw new Error('the payment was paid');
          const left = refundableOf(after);
          expect(left.amount).toBeGreaterThanOrEqual(0);
          expect(left.amount).toBeLessThanOrEqual(after.amount.amount);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('cash', () => {
  const receive = (state: PaymentState) => receiveCash(state, cash);
  const payOut =
    (tillId = cash.tillId) =>
    (state: PaymentState) =>
      payOutRefund(state, { refundId: refund.refundId, tillId });

  test('is received once, and Stripe has no say in it', () => {
    spec(payment).given().when(receive).then(received);
    spec(payment).given(received).when(receive).then();
    spec(payment)
      .given(...open)
      .when(receive)
      .thenRejected('already-exists');
    spec(payment).given(received).when(observe(observedPaid)).thenRejected('paid-in-cash');
    spec(payment)
      .given(received)
      .when((state) => recordIntent(state, { intentId }))
      .thenRejected('paid-in-cash');
  });

  test('goes back by one till, once, after it was decided', () => {
    spec(payment)
      .given(received)
      .when((state) => requestRefund(state, refund))
      .then(refundRequested);
    spec(payment).given(received, refundRequested).when(payOut()).then(paidOut);
    spec(payment).given(received, refundRequested, paidOut).when(payOut()).then();
    spec(payment)
      .given(received, refundRequested, paidOut)
      .when(payOut(deriveId('til', 'other')))
      .thenRejected('already-paid-out');
    spec(payment).given(received).when(payOut()).thenRejected('refund-not-found');
  });

  test('and cards do not mix', () => {
    spec(payment)
      .given(...paid, refundRequested)
      .when(payOut())
      .thenRejected('paid-by-card');
    spec(payment)
      .given(received, refundRequested)
      .when((state) => settleRefund(state, settlement))
      .thenRejected('paid-in-cash');
  });
});
