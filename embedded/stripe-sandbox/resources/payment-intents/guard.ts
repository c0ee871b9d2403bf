import type Stripe from 'stripe';
import { type ApiError, invalidParameter, refused, resourceMissing } from '../../http/errors.ts';
import type { Call } from '../../http/route.ts';
import type { Stored } from '../../store/kinds.ts';

/** The intent, locked until the answer is stored. A browser must know its client secret. */
export async function lockIntent(
  { work, id, access }: Pick<Call<unknown>, 'work' | 'id' | 'access'>,
  clientSecret?: string,
): Promise<Stored<'payment_intent'>> {
  const intent = await work.lock('payment_intent', id);
  return proven(intent, id, access, clientSecret);
}

export async function findIntent(
  { work, id, access }: Pick<Call<unknown>, 'work' | 'id' | 'access'>,
  clientSecret?: string,
): Promise<Stored<'payment_intent'>> {
  const intent = await work.find('payment_intent', id);
  return proven(intent, id, access, clientSecret);
}

function proven(
  intent: Stored<'payment_intent'> | undefined,
  id: string,
  access: Call<unknown>['access'],
  clientSecret: string | undefined,
): Stored<'payment_intent'> {
  if (access === 'publishable' && clientSecret === undefined) {
    throw invalidParameter(
      'client_secret',
      'Missing required param: client_secret.',
      'parameter_missing',
    );
  }
  // Whoever guesses learns nothing: a wrong secret answers as a wrong id.
  const matches = clientSecret === undefined || clientSecret === intent?.body.client_secret;
  if (intent === undefined || !matches) throw resourceMissing('payment_intent', id, 'intent');
  return intent;
}

export function refuseInState(
  action: 'cancel' | 'confirm' | 'update',
  intent: Stripe.PaymentIntent,
  allowed: readonly string[],
): ApiError {
  const { status } = intent;
  const message =
    action === 'confirm' && status === 'succeeded'
      ? 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.'
      : `You cannot ${action} this PaymentIntent because it has a status of ${status}. Only a ` +
        `PaymentIntent with one of the following statuses may be ${PARTICIPLE[action]}: ${allowed.join(', ')}.`;
  return refused(message, { code: 'payment_intent_unexpected_state', payment_intent: intent });
}

const PARTICIPLE = { cancel: 'canceled', confirm: 'confirmed', update: 'updated' } as const;
