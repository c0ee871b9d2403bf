import type { PaymentId, RefundId } from '../../domain/_kernel/ids.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import type { Reaction } from '../_runtime/definition.ts';
import { cancelOpen } from './on-enrollment.ts';
import { type HoldState, isUnwanted, paymentsOf, withPayment } from './state.ts';
import {
  askAgain,
  cancelAgain,
  ENROLLMENT_DUE,
  expire,
  giveBack,
  HOLD_ENDS,
  type Ids,
  LATE_MONEY_ENDS,
  LOOK_UP,
  lookLater,
  lookUp,
  REFUND_AGAIN,
  REFUND_DUE,
  refundAll,
  refundDue,
  release,
} from './wants.ts';

type Timer = { readonly name: string; readonly dueAt: Instant };

/** A timer is a reminder, never the fact: the state decides whether it still means anything. */
export function onTimer(state: HoldState, { name, dueAt }: Timer): Reaction<HoldState> {
  const { ids } = state;
  if (ids === null) return { state, effects: [] };
  if (name === HOLD_ENDS) return holdEnded(state, dueAt, ids);
  if (name === ENROLLMENT_DUE) {
    const { status } = state.seat;
    const waits = status === 'confirmed' || status === 'waitlisted';
    const unwanted = state.enrollment === 'unknown' && waits;
    return { state, effects: unwanted ? [release(ids, 'cancelled')] : [] };
  }
  if (name === LATE_MONEY_ENDS) {
    if (state.enrollment !== 'lapsed' || state.seating !== null) return { state, effects: [] };
    return { state: { ...state, lateMoneyOver: true }, effects: cancelOpen(state, ids) };
  }
  if (name.startsWith(LOOK_UP)) {
    return look(state, name.slice(LOOK_UP.length) as PaymentId, dueAt, ids);
  }
  if (name.startsWith(REFUND_AGAIN)) {
    return refundAgain(state, name.slice(REFUND_AGAIN.length) as PaymentId);
  }
  if (name.startsWith(REFUND_DUE)) {
    return askForRefund(state, name.slice(REFUND_DUE.length) as RefundId, dueAt);
  }
  return { state, effects: [] };
}

function holdEnded(state: HoldState, dueAt: Instant, ids: Ids): Reaction<HoldState> {
  // Paid, or given back already. Moved by a promotion: then another timer is set.
  if (state.seat.status !== 'held' || state.seat.until > dueAt || state.seating !== null) {
    return { state, effects: [] };
  }
  // First whether the money came and only the word of it got lost.
  const open = paymentsOf(state).filter(([, payment]) => payment.status === 'sought');
  return {
    state,
    effects: [
      ...open.map(([paymentId]) => lookUp(ids, paymentId, `hold-ended:${dueAt}`)),
      expire(ids),
      askAgain(dueAt),
    ],
  };
}

function look(
  state: HoldState,
  paymentId: PaymentId,
  dueAt: Instant,
  ids: Ids,
): Reaction<HoldState> {
  const payment = state.payments[paymentId];
  if (payment === undefined || payment.settled) return { state, effects: [] };
  const looks = payment.looks + 1;
  const ask = isUnwanted(state, paymentId) ? cancelAgain : lookUp;
  return {
    state: withPayment(state, paymentId, { looks }),
    effects: [ask(ids, paymentId, dueAt), ...lookLater(paymentId, looks, dueAt)],
  };
}

/** What failed is asked for once more, unless another refund of the payment is on its way. */
function refundAgain(state: HoldState, paymentId: PaymentId): Reaction<HoldState> {
  const payment = state.payments[paymentId];
  const onItsWay = Object.values(state.refunds).some((refund) => refund.paymentId === paymentId);
  if (payment?.failedRefunds === undefined || onItsWay) return { state, effects: [] };
  const { amount, refundCause = 'late-payment', failedRefunds } = payment;
  return { state, effects: [refundAll(paymentId, amount, refundCause, failedRefunds)] };
}

function askForRefund(state: HoldState, refundId: RefundId, dueAt: Instant): Reaction<HoldState> {
  const refund = state.refunds[refundId];
  if (refund === undefined) return { state, effects: [] };
  const rounds = refund.rounds + 1;
  return {
    state: { ...state, refunds: { ...state.refunds, [refundId]: { ...refund, rounds } } },
    effects: [giveBack(refund.paymentId, refundId, rounds), ...refundDue(refundId, rounds, dueAt)],
  };
}
