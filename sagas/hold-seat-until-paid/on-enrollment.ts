import type { PaymentId } from '../../domain/_kernel/ids.ts';
import type { Money } from '../../domain/_kernel/money.ts';
import type { Reaction, SagaEffect } from '../_runtime/definition.ts';
import type { Enrolled } from './hears.ts';
import {
  type CancelCause,
  type HoldState,
  paymentsOf,
  type ReleaseCause,
  withPayment,
} from './state.ts';
import {
  callOff,
  callOffWithoutSeat,
  cancelAtRest,
  cancelAtStripe,
  confirm,
  enrollmentIsThere,
  forgetHold,
  type Ids,
  lapse,
  lateMoneyEnds,
  lookLater,
  promote,
  refundAll,
  refundCauseOf,
  release,
  releaseCauseOf,
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
      const enrollment = outcome === 'waitlisted' ? 'waiting' : outcome;
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
  outcome: 'held' | 'waiting' | 'confirmed',
  ids: Ids,
): SagaEffect[] {
  switch (seat.status) {
    case 'none':
      return [];
    case 'waitlisted':
      return [enrollmentIsThere];
    case 'held':
      return outcome === 'waiting' ? [promote(ids, seat.until)] : [];
    case 'confirmed':
      return [enrollmentIsThere, ...(outcome === 'waiting' ? [confirm(ids, null)] : [])];
    case 'released':
      return [endedBefore[seat.cause](ids)];
  }
}

/** What becomes of an enrollment whose seat was given back before it came. */
const endedBefore: Readonly<Record<ReleaseCause, (ids: Ids) => SagaEffect>> = {
  'hold-expired': lapse,
  'activity-cancelled': callOff,
  // It was waited for in vain. `enroll` looks before it writes, but the seat is in another stream.
  cancelled: callOffWithoutSeat,
};

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
      ...(state.seat.status === 'released' ? [] : [release(ids, releaseCauseOf(cause))]),
      ...(state.ticketId === null ? [] : [voidIt(state.ticketId, cause)]),
      ...paid.flatMap(([paymentId, { amount, refunding }]) =>
        refunding ? [] : [refundAll(paymentId, amount, refundCauseOf(cause))],
      ),
      ...cancelOpen(state, ids),
    ],
  };
}
