import type Stripe from 'stripe';
import { type ErrorBody, withDocs } from '../../http/errors.ts';
import type { Reply } from '../../http/route.ts';
import { newId } from '../../ids.ts';
import type { Stored } from '../../store/kinds.ts';
import type { Work } from '../../store/work.ts';
import { type CardOutcome, cardByName, DECLINES, type Decline } from '../cards.ts';
import { createCharge } from '../charges.ts';
import { settleCharge } from '../ledger.ts';

export type Attempt = {
  work: Work;
  intent: Stored<'payment_intent'>;
  method: Stored<'payment_method'>;
};
export type AttemptOptions = {
  offSession: boolean;
  errorOnRequiresAction: boolean;
  returnUrl: string | undefined;
  baseUrl: string;
};

/** Confirms the intent with the card: money, a challenge, or a refusal. The intent is locked. */
export function attemptPayment(attempt: Attempt, options: AttemptOptions): Reply {
  const outcome = outcomeOf(attempt);
  switch (outcome.kind) {
    case 'approve':
      return succeed(attempt, { authenticated: false, bypassPending: outcome.bypassPending });
    case 'decline':
      return fail(attempt, outcome.decline);
    case 'authenticate':
      return challenge(attempt, options);
  }
}

/** After the cardholder's challenge. */
export function finishChallenge(attempt: Attempt, passed: boolean): Reply {
  if (!passed) return failAuthentication(attempt);
  const outcome = outcomeOf(attempt);
  const then = outcome.kind === 'authenticate' ? outcome.afterwards : outcome;
  return then.kind === 'approve'
    ? succeed(attempt, { authenticated: true, bypassPending: then.bypassPending })
    : fail(attempt, then.decline);
}

function outcomeOf({ intent, method }: Attempt): CardOutcome {
  const card = cardByName(method.hidden.card ?? '');
  if (card === undefined) throw new Error(`payment method ${method.body.id} has no test card`);
  const wish = intent.body.payment_method_options?.card?.request_three_d_secure;
  const asked = wish === 'any' || wish === 'challenge';
  return asked && card.outcome.kind === 'approve'
    ? { kind: 'authenticate', afterwards: card.outcome }
    : card.outcome;
}

type Success = { authenticated: boolean; bypassPending: true | undefined };

function succeed({ work, intent, method }: Attempt, success: Success): Reply {
  const charge = createCharge(work, {
    intent: intent.body,
    method: method.body,
    authenticated: success.authenticated,
    bypassPending: success.bypassPending === true,
  });
  // `automatic` books at once; `automatic_async` (the default) leaves it to the settlement loop.
  if (intent.body.capture_method === 'automatic') settleCharge(work, charge);
  change(intent, {
    amount_received: intent.body.amount,
    last_payment_error: null,
    latest_charge: charge.body.id,
    next_action: null,
    payment_method: method.body.id,
    status: 'succeeded',
  });
  work.put('payment_intent', intent);
  work.emit('charge.succeeded', charge.body);
  work.emit('payment_intent.succeeded', intent.body);
  return { body: intent.body };
}

function fail({ work, intent, method }: Attempt, decline: Decline): Reply {
  const charge = createCharge(work, {
    intent: intent.body,
    method: method.body,
    decline,
    authenticated: false,
    bypassPending: false,
  });
  const error: ErrorBody = withDocs({
    type: 'card_error',
    code: decline.code,
    message: decline.message,
    charge: charge.body.id,
    advice_code: decline.advice,
    payment_method: method.body,
    ...(decline.declineCode === undefined ? {} : { decline_code: decline.declineCode }),
    ...(decline.networkDeclineCode === undefined
      ? {}
      : { network_decline_code: decline.networkDeclineCode }),
    ...(decline.code === 'incorrect_cvc' ? { param: 'cvc' } : {}),
    ...(decline.code === 'expired_card' ? { param: 'exp_month' } : {}),
  });
  giveBack(intent, error, charge.body.id);
  work.put('payment_intent', intent);
  work.emit('charge.failed', charge.body);
  work.emit('payment_intent.payment_failed', intent.body);
  return declined(intent, error);
}

function challenge(attempt: Attempt, options: AttemptOptions): Reply {
  if (options.offSession) return fail(attempt, DECLINES.authenticationRequired);
  const { work, intent, method } = attempt;
  if (options.errorOnRequiresAction) {
    const error = withDocs({
      type: 'card_error',
      code: 'authentication_required',
      decline_code: 'authentication_not_handled',
      message:
        'This payment required an authentication action to complete, but ' +
        '`error_on_requires_action` was set. When you’re ready, you can upgrade your integration ' +
        'to handle actions at https://docs.stripe.com/payments/payment-intents/upgrade-to-handle-actions.',
      payment_method: method.body,
    });
    giveBack(intent, error, intent.body.latest_charge);
    work.put('payment_intent', intent);
    work.emit('payment_intent.payment_failed', intent.body);
    return declined(intent, error);
  }
  const id = newId('payatt');
  change(intent, {
    last_payment_error: null,
    next_action: nextAction(`${options.baseUrl}/_sandbox/challenges/${id}`, options.returnUrl),
    payment_method: method.body.id,
    status: 'requires_action',
  });
  intent.hidden.attempt = id;
  if (options.returnUrl !== undefined) intent.hidden.returnUrl = options.returnUrl;
  work.put('payment_intent', intent);
  work.emit('payment_intent.requires_action', intent.body);
  return { body: intent.body };
}

/** With a return URL the browser is sent to the page; without one Stripe.js would show it. */
function nextAction(page: string, returnUrl: string | undefined): Stripe.PaymentIntent.NextAction {
  return returnUrl === undefined
    ? {
        type: 'use_stripe_sdk',
        use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: page },
      }
    : { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url: page } };
}

function failAuthentication({ work, intent, method }: Attempt): Reply {
  const error = withDocs({
    type: 'invalid_request_error',
    code: 'payment_intent_authentication_failure',
    message:
      'The provided PaymentMethod has failed authentication. You can provide payment_method_data ' +
      'or a new PaymentMethod to attempt to fulfill this PaymentIntent again.',
    payment_method: method.body,
  });
  giveBack(intent, error, intent.body.latest_charge);
  work.put('payment_intent', intent);
  work.emit('payment_intent.payment_failed', intent.body);
  return { body: intent.body };
}

/** Back to the start with the reason: the customer may try another card. */
function giveBack(
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

/** Every change of state ends an open challenge: its page must not work any more. */
function change(intent: Stored<'payment_intent'>, values: Partial<Stripe.PaymentIntent>): void {
  Object.assign(intent.body, values);
  delete intent.hidden.attempt;
}

/** 402, though state changed and is committed: the error carries the intent as it is now. */
function declined(intent: Stored<'payment_intent'>, error: ErrorBody): Reply {
  return { status: 402, body: { error: { ...error, payment_intent: intent.body } } };
}
