import { defineAggregate } from '../_kernel/aggregate.ts';
import { impossible } from '../_kernel/history.ts';
import type { ActivityId, EnrollmentId, PaymentId, RefundId, TillId } from '../_kernel/ids.ts';
import type { Money } from '../_kernel/money.ts';
import { type TillEvent, tillEvents } from './events.ts';

export type Till = {
  readonly tillId: TillId;
  readonly activityId: ActivityId;
  readonly float: Money;
  /** Minor units, in the currency of the float. */
  readonly taken: number;
  readonly paidOut: number;
  /** Whose cash is in it, by what payment; not once it was paid out. */
  readonly payments: ReadonlyMap<EnrollmentId, PaymentId>;
  readonly refunds: ReadonlySet<RefundId>;
};

export type TillState =
  | { readonly status: 'none' }
  | (Till & { readonly status: 'open' })
  | (Till & { readonly status: 'closed' });

/** A drawer of cash at the door of one activity. */
export const till = defineAggregate({ events: tillEvents, initial, evolve });

function initial(): TillState {
  return { status: 'none' };
}

function evolve(state: TillState, event: TillEvent): TillState {
  if (event.type === 'TillOpened') {
    const empty = { taken: 0, paidOut: 0, payments: new Map(), refunds: new Set<RefundId>() };
    return state.status === 'none'
      ? { ...event.data, ...empty, status: 'open' }
      : impossible(event, state.status);
  }
  if (state.status !== 'open') return impossible(event, state.status);
  switch (event.type) {
    case 'CashTaken': {
      const { enrollmentId, paymentId, amount } = event.data;
      const payments = new Map(state.payments).set(enrollmentId, paymentId);
      return { ...state, taken: state.taken + amount.amount, payments };
    }
    case 'CashPaidOut': {
      const { enrollmentId, refundId, amount } = event.data;
      const payments = new Map(state.payments);
      payments.delete(enrollmentId);
      const refunds = new Set(state.refunds).add(refundId);
      return { ...state, paidOut: state.paidOut + amount.amount, payments, refunds };
    }
    case 'TillClosed':
      return { ...state, status: 'closed' };
  }
}
