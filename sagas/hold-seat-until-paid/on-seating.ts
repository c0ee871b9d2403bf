import type { Reaction, SagaEffect } from '../_runtime/definition.ts';
import type { Seated } from './hears.ts';
import type { HoldState, ReleaseCause } from './state.ts';
import {
  callOff,
  confirm,
  forgetHold,
  holdEnds,
  type Ids,
  lapse,
  promote,
  release,
} from './wants.ts';

/** What became of the seat. The enrollment is told, if it is there to be told. */
export function onSeatingEvent(state: HoldState, event: Seated, ids: Ids): Reaction<HoldState> {
  switch (event.type) {
    case 'SeatHeld': {
      const { heldUntil: until, cause } = event.data;
      const promoted = cause === 'promoted';
      const next: HoldState = { ...state, seat: { status: 'held', until, promoted } };
      // The timer hangs on the seat, not on the enrollment: `enroll` may be cut between the two.
      const effects = [holdEnds(until)];
      return { state: next, effects: promoted ? [...effects, promote(ids, until)] : effects };
    }
    case 'SeatConfirmed': {
      const { cause } = event.data;
      const next: HoldState = { ...state, seat: { status: 'confirmed', cause } };
      return { state: next, effects: [forgetHold, ...confirmed(next, ids)] };
    }
    case 'SeatReleased': {
      const { cause } = event.data;
      const next: HoldState = { ...state, seat: { status: 'released', cause } };
      // An enrollment that is not there yet is told when it comes (`EnrollmentRequested`).
      if (state.enrollment === 'unknown') return { state: next, effects: [forgetHold] };
      return { state: next, effects: [forgetHold, ...told(cause, ids)] };
    }
  }
}

function told(cause: ReleaseCause, ids: Ids): SagaEffect[] {
  switch (cause) {
    case 'hold-expired':
      return [lapse(ids)];
    case 'activity-cancelled':
      return [callOff(ids)];
    case 'cancelled':
      return [];
  }
}

function confirmed(state: HoldState, ids: Ids): SagaEffect[] {
  if (state.cancelCause !== null) return [release(ids, state.cancelCause)];
  if (state.seat.status === 'confirmed' && state.seat.cause === 'free') {
    // An enrollment that was free from the start says so itself; a waiter has to be told.
    return state.enrollment === 'waiting' ? [confirm(ids, null)] : [];
  }
  const payment = state.seating === null ? undefined : state.payments[state.seating];
  if (state.seating === null || payment === undefined) return [];
  return [confirm(ids, { paymentId: state.seating, amount: payment.amount })];
}
