import type Stripe from 'stripe';
import { withDocs } from '../../http/errors.ts';
import type { Reply } from '../../http/route.ts';
import { newId } from '../../ids.ts';
import { type Approval, DECLINES, type Decline } from '../cards.ts';
import { createCharge } from '../charges.ts';
import { startProcessing } from './processing.ts';
import {
  type Attempt,
  change,
  declined,
  giveBack,
  outcomeOf,
  refuseMoney,
  takeMoney,
} from './transitions.ts';

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
      return succeed(attempt, outcome, false);
    case 'decline':
      return fail(attempt, outcome.decline);
    case 'authenticate':
      return challenge(attempt, options);
    case 'process':
      return startProcessing(attempt);
  }
}

/** After the cardholder's challenge. */
export function finishChallenge(attempt: Attempt, passed: boolean): Reply {
  if (!passed) return failAuthentication(attempt);
  const outcome = outcomeOf(attempt);
  if (outcome.kind !== 'authenticate') throw new Error('a challenge of a card that has none');
  const { afterwards } = outcome;
  return afterwards.kind === 'approve'
    ? succeed(attempt, afterwards, true)
    : fail(attempt, afterwards.decline);
}

function succeed(
  { work, intent, method }: Attempt,
  approval: Approval,
  authenticated: boolean,
): Reply {
  const charge = createCharge(work, {
    intent: intent.body,
    method: method.body,
    approval,
    authenticated,
  });
  return takeMoney(work, intent, charge, method.body.id);
}

function fail(attempt: Attempt, decline: Decline): Reply {
  const { work, intent, method } = attempt;
  const charge = createCharge(work, {
    intent: intent.body,
    method: method.body,
    decline,
    authenticated: false,
  });
  return refuseMoney(attempt, charge.body, decline);
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
