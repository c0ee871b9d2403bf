import { confirmEnrollment } from '../../commands/enrollment/confirm-enrollment.ts';
import { confirmSeat } from '../../commands/seating/confirm-seat.ts';
import type { PaymentId } from '../../domain/_kernel/ids.ts';
import type { Reaction, SagaInput } from '../_runtime/definition.ts';
import { type HoldState, withPayment } from './state.ts';
import { refundAll } from './wants.ts';

type Refused = Extract<SagaInput<never>, { kind: 'refused' }>;

/**
 * No seat for the money, or no enrollment: whatever the reason, it goes back. Every other refusal
 * means that there is nothing to do any more, or (`void-ticket`, `lapse-enrollment`,
 * `promote-enrollment`) not yet: then the event that is missing makes up for it.
 */
export function onRefused(state: HoldState, refused: Refused): Reaction<HoldState> {
  if (refused.command === confirmSeat.name && state.seating !== null) {
    return sendBack(state, state.seating);
  }
  if (refused.command === confirmEnrollment.name) {
    const { paid } = confirmEnrollment.body.parse(refused.body);
    if (paid !== null) return sendBack(state, paid.paymentId);
  }
  return { state, effects: [] };
}

function sendBack(state: HoldState, paymentId: PaymentId): Reaction<HoldState> {
  const next = { ...state, seating: state.seating === paymentId ? null : state.seating };
  const payment = state.payments[paymentId];
  if (payment === undefined || payment.refunding) return { state: next, effects: [] };
  return {
    state: withPayment(next, paymentId, { refunding: true }),
    effects: [refundAll(paymentId, payment.amount, 'late-payment')],
  };
}
