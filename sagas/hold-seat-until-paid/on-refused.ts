import { confirmEnrollment } from '../../commands/enrollment/confirm-enrollment.ts';
import { confirmSeat } from '../../commands/seating/confirm-seat.ts';
import type { PaymentId } from '../../domain/_kernel/ids.ts';
import type { Reaction, SagaInput } from '../_runtime/definition.ts';
import { type HoldState, withPayment } from './state.ts';
import { holdEnds, refundAll, seatRefused } from './wants.ts';

type Refused = Extract<SagaInput<never>, { kind: 'refused' }>;

/** Answers that mean that there is no seat for the money. */
export const NO_SEAT: ReadonlySet<string> = new Set(['sold-out', 'closed', 'cancelled']);

/**
 * No seat for the money, or no enrollment: it goes back. A seat that is refused for another reason
 * (`not-open`, `not-found`) after its enrollment was paid can only be a fault: the money waits.
 * Every other refusal means that there is nothing to do any more, or (`void-ticket`,
 * `lapse-enrollment`, `promote-enrollment`) not yet: then the event that is missing makes up for it.
 */
export function onRefused(state: HoldState, refused: Refused): Reaction<HoldState> {
  if (refused.command === confirmSeat.name && state.seating !== null) {
    const { code } = refused.rejection;
    return NO_SEAT.has(code)
      ? sendBack(state, state.seating)
      : askAgain(state, state.seating, code);
  }
  if (refused.command === confirmEnrollment.name) {
    const { paid } = confirmEnrollment.body.parse(refused.body);
    if (paid !== null) return sendBack(state, paid.paymentId);
  }
  return { state, effects: [] };
}

function askAgain(state: HoldState, paymentId: PaymentId, code: string): Reaction<HoldState> {
  const { ids, seatRefused: before, heardAt: from } = state;
  if (ids === null || from === undefined) return { state, effects: [] };
  const tries = (before?.paymentId === paymentId ? before.times : 0) + 1;
  return {
    state: { ...state, seatRefused: { paymentId, times: tries } },
    effects: seatRefused(ids, paymentId, { code, tries, from }),
  };
}

function sendBack(state: HoldState, paymentId: PaymentId): Reaction<HoldState> {
  const next = { ...state, seating: state.seating === paymentId ? null : state.seating };
  const payment = state.payments[paymentId];
  if (payment === undefined || payment.refunding) return { state: next, effects: [] };
  // While the seat was asked for its hold was left alone, so the timer may have fired for nothing.
  const { seat } = state;
  return {
    state: withPayment(next, paymentId, { refunding: true }),
    effects: [
      refundAll(paymentId, payment.amount, 'late-payment'),
      ...(seat.status === 'held' ? [holdEnds(seat.until)] : []),
    ],
  };
}
