import type { EventOf } from '../_kernel/event.ts';
import type { ActivityId, EnrollmentId, MemberId, PaymentId, TillId } from '../_kernel/ids.ts';
import type { Money } from '../_kernel/money.ts';
import { type Decision, type Rejection, rejected } from '../_kernel/rejection.ts';
import type { PaymentEvent, PaymentStarted } from './events.ts';
import { foldObservation, type StripeObservation } from './observe.ts';
import { paidInCash } from './refund.ts';
import type { PaymentState } from './state.ts';

export type { StripeObservation } from './observe.ts';
export { failRefund, payOutRefund, requestRefund, settleRefund } from './refund.ts';

type Decided = Decision<PaymentEvent>;

export type StartPayment = {
  readonly paymentId: PaymentId;
  readonly enrollmentId: EnrollmentId;
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
  readonly method: EventOf<typeof PaymentStarted>['data']['method'];
  readonly amount: Money;
};

export function startPayment(state: PaymentState, input: StartPayment): Decided {
  switch (state.status) {
    case 'none': {
      const { paymentId, enrollmentId, activityId, memberId, method, amount } = input;
      const data = { paymentId, enrollmentId, activityId, memberId, method, amount };
      return [{ type: 'PaymentStarted', data }];
    }
    case 'started':
    case 'open':
    case 'succeeded':
    case 'cancelled':
    case 'received':
      return [];
  }
}

export type ReceiveCash = {
  readonly paymentId: PaymentId;
  readonly enrollmentId: EnrollmentId;
  readonly activityId: ActivityId;
  readonly memberId: MemberId;
  readonly tillId: TillId;
  readonly amount: Money;
};

/** A till has the cash. Its payment has an id of its own, so there is no other under it. */
export function receiveCash(state: PaymentState, input: ReceiveCash): Decided {
  switch (state.status) {
    case 'none': {
      const { paymentId, enrollmentId, activityId, memberId, tillId, amount } = input;
      const data = { paymentId, enrollmentId, activityId, memberId, tillId, amount };
      return [{ type: 'CashPaymentReceived', data }];
    }
    case 'received':
      return [];
    case 'started':
    case 'open':
    case 'succeeded':
    case 'cancelled':
      return rejected('already-exists', 'There is a card payment under this id.');
  }
}

export type RecordIntent = { readonly intentId: string };

/** A payment has one PaymentIntent for good: its id is the idempotency key that made it. */
export function recordIntent(state: PaymentState, { intentId }: RecordIntent): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'started': {
      const { paymentId, enrollmentId, activityId, memberId } = state;
      const data = { paymentId, enrollmentId, activityId, memberId, intentId };
      return [{ type: 'PaymentIntentCreated', data }];
    }
    case 'open':
    case 'succeeded':
    case 'cancelled':
      return state.intentId === intentId ? [] : intentMismatch(state.intentId, intentId);
    case 'received':
      return paidInCash();
  }
}

/**
 * Folds what Stripe says the PaymentIntent is now. Any observation may come any number of times and
 * in any order: each fact is told once, and an older observation after a newer one changes nothing.
 */
export function recordStripeState(state: PaymentState, observed: StripeObservation): Decided {
  switch (state.status) {
    case 'none':
      return notFound();
    case 'started':
    case 'open':
    case 'succeeded':
    case 'cancelled':
      return state.intentId !== null && state.intentId !== observed.intentId
        ? intentMismatch(state.intentId, observed.intentId)
        : foldObservation(state, observed);
    case 'received':
      return paidInCash();
  }
}

function notFound(): Rejection {
  return rejected('not-found', 'There is no such payment.');
}

function intentMismatch(recorded: string, observed: string): Rejection {
  return rejected('intent-mismatch', 'The payment belongs to another PaymentIntent.', {
    recorded,
    observed,
  });
}
