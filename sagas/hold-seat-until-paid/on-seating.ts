import type { Instant } from '../../domain/_kernel/time.ts';
import type { Reaction, SagaEffect } from '../_runtime/definition.ts';
import type { Seated } from './hears.ts';
import type { HoldState, ReleaseCause } from './state.ts';
import {
  callOff,
  callOffWithoutSeat,
  confirm,
  enrollmentDue,
  forgetHold,
  holdEnds,
  type Ids,
  lapse,
  promote,
  release,
  releaseCauseOf,
} from './wants.ts';

/** What became of the seat. The enrollment is told, if it is there to be told. */
export function onSeatingEvent(state: HoldState, event: Seated, ids: Ids): Reaction<HoldState> {
  const { recordedAt } = event.metadata;
  switch (event.type) {
    case 'SeatHeld': {
      const { heldUntil: until, cause } = event.data;
      const promoted = cause === 'promoted';
      const seat = { status: 'held', until, promoted } as const;
      const next: HoldState = { ...state, seat, holdAsked: 0 };
      // The timer hangs on the seat, not on the enrollment: `enroll` may be cut between the two.
      const effects = [holdEnds(until)];
      return { state: next, effects: promoted ? [...effects, promote(ids, until)] : effects };
    }
    case 'SeatConfirmed': {
      const { cause } = event.data;
      const next: HoldState = { ...state, seat: { status: 'confirmed', cause } };
      return { state: next, effects: [forgetHold, ...confirmed(next, recordedAt, ids)] };
    }
    case 'SeatWaitlisted': {
      const next: HoldState = { ...state, seat: { status: 'waitlisted' } };
      return {
        state: next,
        effects: state.enrollment === 'unknown' ? [enrollmentDue(recordedAt)] : [],
      };
    }
    case 'SeatReleased': {
      const { cause } = event.data;
      const next: HoldState = { ...state, seat: { status: 'released', cause } };
      // An enrollment that is not there yet is told when it comes (`EnrollmentRequested`).
      if (state.enrollment === 'unknown') return { state: next, effects: [forgetHold] };
      return { state: next, effects: [forgetHold, ...told(state, cause, ids)] };
    }
  }
}

function told({ cancelCause }: HoldState, cause: ReleaseCause, ids: Ids): SagaEffect[] {
  switch (cause) {
    case 'hold-expired':
      return [lapse(ids)];
    case 'activity-cancelled':
      return [callOff(ids)];
    case 'cancelled':
      // Nobody cancelled the enrollment: it came while its seat, waited for in vain, went back.
      return cancelCause === null ? [callOffWithoutSeat(ids)] : [];
  }
}

function confirmed(state: HoldState, at: Instant, ids: Ids): SagaEffect[] {
  if (state.cancelCause !== null) return [release(ids, releaseCauseOf(state.cancelCause))];
  if (state.seat.status === 'confirmed' && state.seat.cause === 'free') {
    // A free seat has no deadline: should its enrollment never come, nobody else would give it back.
    if (state.enrollment === 'unknown') return [enrollmentDue(at)];
    // An enrollment that was free from the start says so itself; a waiter has to be told.
    return state.enrollment === 'waiting' ? [confirm(ids, null)] : [];
  }
  const payment = state.seating === null ? undefined : state.payments[state.seating];
  if (state.seating === null || payment === undefined) return [];
  return [confirm(ids, { paymentId: state.seating, amount: payment.amount })];
}
