import type Stripe from 'stripe';
import { type ErrorBody, withDocs } from '../../http/errors.ts';
import type { Reply } from '../../http/route.ts';
import type { Stored } from '../../store/kinds.ts';
import type { Work } from '../../store/work.ts';
import { type CardOutcome, cardByName, type Decline } from '../cards.ts';
import { settleCharge } from '../ledger.ts';

/** What confirmations, challenges and late answers of a bank have in common. */
export type Attempt = {
  work: Work;
  intent: Stored<'payment_intent'>;
  method: Stored<'payment_method'>;
};

export function outcomeOf({ intent, method }: Attempt): CardOutcome {
  const card = cardByName(method.hidden.card ?? '');
  if (card === undefined) throw new Error(`payment method ${method.body.id} has no test card`);
  const wish = intent.body.payment_method_options?.card?.request_three_d_secure;
  const asked = wish === 'any' || wish === 'challenge';
  return asked && card.outcome.kind === 'approve'
    ? { kind: 'authenticate', afterwards: card.outcome }
    : card.outcome;
}

/** The charge is approved: the intent is paid. */
export function takeMoney(
  work: Work,
  intent: Stored<'payment_intent'>,
  charge: Stored<'charge'>,
  method: string,
): Reply {
  // `automatic` books at once; `automatic_async` (the default) leaves it to the settlement loop.
  if (intent.body.capture_method === 'automatic') settleCharge(work, charge);
  change(intent, {
    amount_received: intent.body.amount,
    last_payment_error: null,
    latest_charge: charge.body.id,
    next_action: null,
    payment_method: method,
    status: 'succeeded',
  });
  work.put('payment_intent', intent);
  work.emit('charge.succeeded', charge.body);
  work.emit('payment_intent.succeeded', intent.body);
  return { body: intent.body };
}

/** The charge is declined: the intent waits for another payment method. */
export function refuseMoney(
  { work, intent, method }: Attempt,
  charge: Stripe.Charge,
  decline: Decline,
): Reply {
  const error: ErrorBody = withDocs({
    type: 'card_error',
    code: decline.code,
    message: decline.message,
    charge: charge.id,
    advice_code: decline.advice,
    payment_method: method.body,
    ...(decline.declineCode === undefined ? {} : { decline_code: decline.declineCode }),
    ...(decline.networkDeclineCode === undefined
      ? {}
      : { network_decline_code: decline.networkDeclineCode }),
    ...(decline.code === 'incorrect_cvc' ? { param: 'cvc' } : {}),
    ...(decline.code === 'expired_card' ? { param: 'exp_month' } : {}),
  });
  giveBack(intent, error, charge.id);
  work.put('payment_intent', intent);
  work.emit('charge.failed', charge);
  work.emit('payment_intent.payment_failed', intent.body);
  return declined(intent, error);
}

/** Back to the start with the reason: the customer may try another card. */
export function giveBack(
  intent: Stored<'payment_intent'>,
  error: ErrorBody,
  charge: Stripe.PaymentIntent['latest_charge'],
): void {
  change(intent, {
    last_payment_error: error as Stripe.PaymentIntent.LastPaymentError,
    latest_charge: charge,
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  });
}

/** Every change of state ends what was open: a challenge's page must not work any more. */
export function change(
  intent: Stored<'payment_intent'>,
  values: Partial<Stripe.PaymentIntent>,
): void {
  Object.assign(intent.body, values);
  delete intent.hidden.attempt;
  delete intent.hidden.dueAt;
}

/** 402, though state changed and is committed: the error carries the intent as it is now. */
export function declined(intent: Stored<'payment_intent'>, error: ErrorBody): Reply {
  return { status: 402, body: { error: { ...error, payment_intent: intent.body } } };
}
