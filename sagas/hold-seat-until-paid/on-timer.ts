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
  SEAT_AGAIN,
  seat,
} from './wants.ts';

type Timer = { readonly name: string; readonly dueAt: Instant };

/** A timer is a reminder, never the fact: the state decides whether it still means anything. */
export function onTimer(state: HoldState, { name, dueAt }: Timer): Reaction<HoldState> {
  const { ids } = state;
  if (ids === null) return { state, effects: [] };
  const colon = name.indexOf(':') + 1;
  // Timers of a payment or a refund have its id in their name.
  const react = reactions[colon === 0 ? name : name.slice(0, colon)];
  return react?.(state, { id: name.slice(colon), dueAt, ids }) ?? { state, effects: [] };
}

type Fired = { readonly id: string; readonly dueAt: Instant; readonly ids: Ids };

const reactions: Readonly<Record<string, (state: HoldState, fired: Fired) => Reaction<HoldState>>> =
  {
    [HOLD_ENDS]: (state, { dueAt, ids }) => holdEnded(state, dueAt, ids),
    [ENROLLMENT_DUE]: (state, { ids }) => enrollmentMissing(state, ids),
    [LATE_MONEY_ENDS]: (state, { ids }) => lateMoneyEnded(state, ids),
    [SEAT_AGAIN]: (state, { dueAt, ids }) => seatAgain(state, dueAt, ids),
    [LOOK_UP]: (state, { id, dueAt, ids }) => look(state, id as PaymentId, dueAt, ids),
    [REFUND_DUE]: (state, { id, dueAt }) => askForRefund(state, id as RefundId, dueAt),
    [REFUND_AGAIN]: (state, { id }) => refundAgain(state, id as PaymentId),
  };

function enrollmentMissing(state: HoldState, ids: Ids): Reaction<HoldState> {
  const { status } = state.seat;
  const waits = status === 'confirmed' || status === 'waitlisted';
  const unwanted = state.enrollment === 'unknown' && waits;
  return { state, effects: unwanted ? [release(ids, 'cancelled')] : [] };
}

function lateMoneyEnded(state: HoldState, ids: Ids): Reaction<HoldState> {
  if (state.enrollment !== 'lapsed' || state.seating !== null) return { state, effects: [] };
  return { state: { ...state, lateMoneyOver: true }, effects: cancelOpen(state, ids) };
}

function seatAgain(state: HoldState, dueAt: Instant, ids: Ids): Reaction<HoldState> {
  const refused = state.seatRefused?.paymentId ?? null;
  const waits = refused !== null && refused === state.seating;
  if (!waits || state.seat.status === 'confirmed') return { state, effects: [] };
  return { state: { ...state, heardAt: dueAt }, effects: [seat(ids)] };
}

function holdEnded(state: HoldState, dueAt: Instant, ids: Ids): Reaction<HoldState> {
  // Paid, or given back already. Moved by a promotion: then another timer is set.
  if (state.seat.status !== 'held' || state.seat.until > dueAt || state.seating !== null) {
    return { state, effects: [] };
  }
  // First whether the money came and only the word of it got lost.
  const open = paymentsOf(state).filter(([, payment]) => payment.status === 'sought');
  const { holdAsked = 0 } = state;
  return {
    state: { ...state, holdAsked: holdAsked + 1 },
    effects: [
      ...open.map(([paymentId]) => lookUp(ids, paymentId, `hold-ended:${dueAt}`)),
      expire(ids),
      askAgain(dueAt, holdAsked),
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
