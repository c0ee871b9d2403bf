import type { Reaction, SagaEffect } from '../_runtime/definition.ts';
import type { Paid } from './hears.ts';
import { follow } from './on-enrollment.ts';
import { type HoldState, isUnwanted, withPayment } from './state.ts';
import {
  cancelAgain,
  closeAttempt,
  giveBack,
  type Ids,
  lookLater,
  lookNoMore,
  refundAll,
  refundCauseOf,
  refundDue,
  refundOver,
  seat,
} from './wants.ts';

export function onPaymentEvent(state: HoldState, event: Paid, ids: Ids): Reaction<HoldState> {
  const { paymentId } = event.data;
  const { recordedAt } = event.metadata;
  switch (event.type) {
    case 'PaymentStarted': {
      const { amount } = event.data;
      const followed = follow(state, { paymentId, amount, from: recordedAt });
      const again = isUnwanted(followed.state, paymentId)
        ? [cancelAgain(ids, paymentId, 'started')]
        : [];
      return { state: followed.state, effects: [...followed.effects, ...again] };
    }
    case 'PaymentSucceeded':
      return succeeded(state, event, ids);
    case 'PaymentFeeCharged':
      return {
        state: withPayment(state, paymentId, { settled: true }),
        effects: [lookNoMore(paymentId)],
      };
    case 'PaymentCancelled':
      return {
        state: withPayment(state, paymentId, { status: 'over', settled: true }),
        effects: [lookNoMore(paymentId), closeAttempt(ids, paymentId, 'cancelled')],
      };
    case 'RefundRequested': {
      const { refundId } = event.data;
      const refunds = { ...state.refunds, [refundId]: { paymentId, rounds: 0 } };
      return {
        state: { ...withPayment(state, paymentId, { refunding: true }), refunds },
        effects: [giveBack(paymentId, refundId, 0), ...refundDue(refundId, 0, recordedAt)],
      };
    }
    case 'RefundSettled':
    case 'RefundFailed': {
      const { refundId } = event.data;
      const { [refundId]: _over, ...refunds } = state.refunds;
      const effects = [refundOver(refundId)];
      return {
        state: { ...state, refunds },
        effects:
          event.type === 'RefundSettled'
            ? [...effects, closeAttempt(ids, paymentId, 'refunded')]
            : effects,
      };
    }
  }
}

type Succeeded = Extract<Paid, { readonly type: 'PaymentSucceeded' }>;

/** Money has come. It gets a seat, unless there is nothing for it to pay. */
function succeeded(given: HoldState, event: Succeeded, ids: Ids): Reaction<HoldState> {
  const { paymentId, amount } = event.data;
  const { recordedAt } = event.metadata;
  if (given.payments[paymentId]?.refunding === true) return { state: given, effects: [] };
  const state = withPayment(
    follow(given, { paymentId, amount, from: recordedAt }).state,
    paymentId,
    { amount, status: 'paid', looks: 0 },
  );
  // Looked at again until its fee is known: Stripe tells it a little later.
  const looks = lookLater(paymentId, 0, recordedAt);
  const back = (why: SagaEffect): Reaction<HoldState> => ({
    state: withPayment(state, paymentId, { refunding: true }),
    effects: [...looks, why],
  });
  if (state.cancelCause !== null) {
    return back(refundAll(paymentId, amount, refundCauseOf(state.cancelCause)));
  }
  if (state.seating !== null && state.seating !== paymentId) {
    return back(refundAll(paymentId, amount, 'late-payment'));
  }
  return { state: { ...state, seating: paymentId }, effects: [...looks, seat(ids)] };
}
