import type { PaymentId, RefundId } from '../../domain/_kernel/ids.ts';
import type { Money } from '../../domain/_kernel/money.ts';
import type { Reaction } from '../_runtime/definition.ts';
import type { Paid } from './hears.ts';
import { follow } from './on-enrollment.ts';
import {
  type FollowedPayment,
  type HoldState,
  isUnwanted,
  type RefundCause,
  withPayment,
} from './state.ts';
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
  refundFailed,
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
    case 'CashPaymentReceived':
      return received(state, event, ids);
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
      const { refundId, cause: refundCause } = event.data;
      const free = { ...state, seating: state.seating === paymentId ? null : state.seating };
      const known = withPayment(free, paymentId, { refunding: true, refundCause });
      if (known.payments[paymentId]?.inCash === true) return { state: known, effects: [] };
      const refunds = { ...state.refunds, [refundId]: { paymentId, rounds: 0 } };
      return {
        state: { ...known, refunds },
        effects: [giveBack(paymentId, refundId, 0), ...refundDue(refundId, 0, recordedAt)],
      };
    }
    case 'RefundSettled':
      return {
        state: withoutRefund(state, event.data.refundId),
        effects: [refundOver(event.data.refundId), closeAttempt(ids, paymentId, 'refunded')],
      };
    // It may have been settled before: banks send money back days later.
    case 'RefundFailed': {
      const { refundId, code } = event.data;
      const tries = (state.payments[paymentId]?.failedRefunds ?? 0) + 1;
      return {
        state: withPayment(withoutRefund(state, refundId), paymentId, { failedRefunds: tries }),
        effects: [
          refundOver(refundId),
          ...refundFailed(ids, paymentId, { code, tries, from: recordedAt }),
        ],
      };
    }
  }
}

function withoutRefund(state: HoldState, refundId: RefundId): HoldState {
  const { [refundId]: _over, ...refunds } = state.refunds;
  return { ...state, refunds };
}

type Succeeded = Extract<Paid, { readonly type: 'PaymentSucceeded' }>;

/** A card was charged. It is looked at again until its fee is known: Stripe tells it a little later. */
function succeeded(given: HoldState, event: Succeeded, ids: Ids): Reaction<HoldState> {
  const { paymentId, amount } = event.data;
  const { recordedAt } = event.metadata;
  if (given.payments[paymentId]?.refunding === true) return { state: given, effects: [] };
  const state = withPayment(
    follow(given, { paymentId, amount, from: recordedAt }).state,
    paymentId,
    { amount, status: 'paid', looks: 0 },
  );
  const looks = lookLater(paymentId, 0, recordedAt);
  const { state: next, effects } = findHome(state, { paymentId, amount }, ids);
  return { state: next, effects: [...looks, ...effects] };
}

type Received = Extract<Paid, { readonly type: 'CashPaymentReceived' }>;

/** Cash has no fee and no intent: there is nothing to be looked up. */
function received(given: HoldState, { data }: Received, ids: Ids): Reaction<HoldState> {
  const { paymentId, amount } = data;
  if (given.payments[paymentId] !== undefined) return { state: given, effects: [] };
  const payment: FollowedPayment = {
    ...{ amount, status: 'paid', settled: true, looks: 0, refunding: false },
    inCash: true,
  };
  const state = { ...given, payments: { ...given.payments, [paymentId]: payment } };
  return findHome(state, { paymentId, amount }, ids);
}

/** Money has come. It gets a seat, unless there is nothing for it to pay. */
function findHome(
  state: HoldState,
  { paymentId, amount }: { readonly paymentId: PaymentId; readonly amount: Money },
  ids: Ids,
): Reaction<HoldState> {
  const back = (why: RefundCause): Reaction<HoldState> => ({
    state: withPayment(state, paymentId, { refunding: true }),
    effects: [refundAll(paymentId, amount, why)],
  });
  if (state.cancelCause !== null) return back(refundCauseOf(state.cancelCause));
  if (state.seating !== null && state.seating !== paymentId) return back('late-payment');
  return { state: { ...state, seating: paymentId }, effects: [seat(ids)] };
}
