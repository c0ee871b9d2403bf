import type { PaymentId } from '../../domain/_kernel/ids.ts';
import type { Money } from '../../domain/_kernel/money.ts';
import type { Reaction, SagaEffect } from '../_runtime/definition.ts';
import type { Enrolled } from './hears.ts';
import { type CancelCause, type HoldState, paymentsOf, withPayment } from './state.ts';
import {
  callOff,
  cancelAtRest,
  cancelAtStripe,
  confirm,
  forgetHold,
  type Ids,
  lapse,
  lateMoneyEnds,
  lookLater,
  promote,
  refundAll,
  refundCauseOf,
  release,
  voidIt,
} from './wants.ts';

export function onEnrollmentEvent(
  state: HoldState,
  event: Enrolled,
  ids: Ids,
): Reaction<HoldState> {
  const { recordedAt } = event.metadata;
  switch (event.type) {
    case 'EnrollmentRequested': {
      const { outcome } = event.data;
      if (outcome === 'confirmed') return { state, effects: calledOffBefore(state, ids) };
      const enrollment = outcome === 'waitlisted' ? 'waiting' : 'held';
      return { state: { ...state, enrollment }, effects: catchUp(state, enrollment, ids) };
    }
    case 'EnrollmentPromoted':
      return { state: { ...state, enrollment: 'held' }, effects: [] };
    case 'PaymentAttemptOpened': {
      const { paymentId, amount } = event.data;
      return follow(state, { paymentId, amount, from: recordedAt });
    }
    case 'EnrollmentConfirmed': {
      const { ticketId, paymentId } = event.data;
      const { state: next, effects } = takesTheSeat(state, paymentId);
      return {
        state: { ...next, enrollment: 'confirmed', ticketId },
        effects: [forgetHold, ...effects, ...cancelOpen(state, ids)],
      };
    }
    case 'EnrollmentLapsed': {
      const atRest = paymentsOf(state).flatMap(([paymentId, { status }]) =>
        status === 'sought' ? [cancelAtRest(ids, paymentId)] : [],
      );
      const effects = atRest.length === 0 ? [] : [...atRest, lateMoneyEnds(recordedAt)];
      return { state: { ...state, enrollment: 'lapsed' }, effects };
    }
    case 'EnrollmentCancelled':
      return cancelled(state, event.data.cause, ids);
  }
}

/** What its seat went through before the enrollment itself was there: `enroll` was cut in between. */
function catchUp(
  { seat }: Pick<HoldState, 'seat'>,
  outcome: 'held' | 'waiting',
  ids: Ids,
): SagaEffect[] {
  if (seat.status === 'released') {
    return seat.cause === 'hold-expired' ? [lapse(ids)] : calledOffBefore({ seat }, ids);
  }
  if (outcome !== 'waiting') return [];
  if (seat.status === 'held') return [promote(ids, seat.until)];
  return seat.status === 'confirmed' ? [confirm(ids, null)] : [];
}

/** The activity was cancelled while `enroll` was between the seat and the enrollment. */
function calledOffBefore({ seat }: Pick<HoldState, 'seat'>, ids: Ids): SagaEffect[] {
  const calledOff = seat.status === 'released' && seat.cause === 'activity-cancelled';
  return calledOff ? [callOff(ids)] : [];
}

/** The payment that confirmed the enrollment has the seat; one that was still asking for it goes back. */
function takesTheSeat(state: HoldState, paymentId: PaymentId | null): Reaction<HoldState> {
  const { seating } = state;
  if (paymentId === null || seating === paymentId) return { state, effects: [] };
  const next = { ...state, seating: paymentId };
  const overtaken = seating === null ? undefined : state.payments[seating];
  if (seating === null || overtaken === undefined || overtaken.refunding) {
    return { state: next, effects: [] };
  }
  return {
    state: withPayment(next, seating, { refunding: true }),
    effects: [refundAll(seating, overtaken.amount, 'late-payment')],
  };
}

/** From the attempt on a payment is looked after, even if `pay` was cut before its stream was opened. */
export function follow(
  state: HoldState,
  { paymentId, amount, from }: { paymentId: PaymentId; amount: Money; from: string },
): Reaction<HoldState> {
  if (state.payments[paymentId] !== undefined) return { state, effects: [] };
  const payment = { amount, status: 'sought', settled: false, looks: 0, refunding: false } as const;
  return {
    state: { ...state, payments: { ...state.payments, [paymentId]: payment } },
    effects: lookLater(paymentId, 0, from),
  };
}

export function cancelOpen(state: HoldState, ids: Ids): SagaEffect[] {
  return paymentsOf(state).flatMap(([paymentId, { status }]) =>
    status === 'sought' ? [cancelAtStripe(ids, paymentId)] : [],
  );
}

/** Seat, ticket and money go back, whatever of them there is. */
function cancelled(state: HoldState, cause: CancelCause, ids: Ids): Reaction<HoldState> {
  const paid = paymentsOf(state).filter(([, payment]) => payment.status === 'paid');
  const payments = Object.fromEntries(
    paymentsOf(state).map(([paymentId, payment]) => [
      paymentId,
      payment.status === 'paid' ? { ...payment, refunding: true } : payment,
    ]),
  );
  return {
    state: { ...state, enrollment: 'cancelled', cancelCause: cause, payments, seating: null },
    effects: [
      forgetHold,
      // With its activity the seat was given back first: that is what cancelled the enrollment.
      ...(state.seat.status === 'released' ? [] : [release(ids, cause)]),
      ...(state.ticketId === null ? [] : [voidIt(state.ticketId, cause)]),
      ...paid.flatMap(([paymentId, { amount, refunding }]) =>
        refunding ? [] : [refundAll(paymentId, amount, refundCauseOf(cause))],
      ),
      ...cancelOpen(state, ids),
    ],
  };
}
