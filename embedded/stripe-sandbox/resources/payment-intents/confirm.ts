import type Stripe from 'stripe';
import { refused } from '../../http/errors.ts';
import type { Call, Reply } from '../../http/route.ts';
import type { Stored } from '../../store/kinds.ts';
import type { Work } from '../../store/work.ts';
import { createPaymentMethod, usePaymentMethod } from '../payment-methods.ts';
import { attemptPayment } from './attempt.ts';
import { cardOptions, publicView } from './build.ts';
import { lockIntent, refuseInState } from './guard.ts';
import type { ConfirmParams, CreateParams } from './params.ts';

const CONFIRMABLE: readonly Stripe.PaymentIntent.Status[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
];

/** `POST /v1/payment_intents/:id/confirm`, from the server or (with the secret) the browser. */
export async function confirmIntent(call: Call<ConfirmParams>): Promise<Reply> {
  const { params, access } = call;
  const intent = await lockIntent(call, params.client_secret);
  if (!CONFIRMABLE.includes(intent.body.status))
    throw refuseInState('confirm', intent.body, CONFIRMABLE);
  const reply = await runConfirmation(call, intent, params);
  if (access === 'secret') return reply;
  return { ...reply, body: hidePrivate(reply.body) };

  function hidePrivate(body: object): object {
    if (!('error' in body)) return publicView(intent.body);
    return { error: { ...(body.error as object), payment_intent: publicView(intent.body) } };
  }
}

/** The part that `create` with `confirm=true` shares. */
export async function runConfirmation(
  { work, baseUrl }: Pick<Call<unknown>, 'work' | 'baseUrl'>,
  intent: Stored<'payment_intent'>,
  params: ConfirmParams | CreateParams,
): Promise<Reply> {
  const { body } = intent;
  const method = await chooseMethod(work, body, params);
  if (method === undefined) {
    throw refused(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either " +
        'update the PaymentIntent with a payment method and then confirm it again, or confirm it ' +
        'again directly with a payment method or ConfirmationToken.',
      { code: 'payment_intent_unexpected_state', payment_intent: body },
    );
  }
  demandReturnUrl(body, params);
  applyOverrides(body, params);
  return attemptPayment(
    { work, intent, method },
    {
      offSession: params.off_session === true,
      errorOnRequiresAction: params.error_on_requires_action === true,
      returnUrl: params.return_url,
      baseUrl,
    },
  );
}

export async function chooseMethod(
  work: Work,
  intent: Stripe.PaymentIntent,
  params: Pick<ConfirmParams, 'payment_method' | 'payment_method_data'>,
): Promise<Stored<'payment_method'> | undefined> {
  if (params.payment_method !== undefined) return usePaymentMethod(work, params.payment_method);
  if (params.payment_method_data !== undefined) {
    return createPaymentMethod(work, params.payment_method_data);
  }
  const current = intent.payment_method;
  return typeof current === 'string' ? usePaymentMethod(work, current) : undefined;
}

/** Stripe.js brings the browser back by itself, hence its exemption. */
function demandReturnUrl(intent: Stripe.PaymentIntent, params: ConfirmParams | CreateParams): void {
  const redirects = intent.automatic_payment_methods?.allow_redirects === 'always';
  if (!redirects || params.return_url !== undefined || params.use_stripe_sdk === true) return;
  throw refused(
    'A `return_url` must be specified because this Payment Intent is configured to automatically ' +
      'accept the payment methods enabled in the Dashboard, some of which may require a full page ' +
      'redirect to succeed. If you do not want to accept redirect-based payment methods, set ' +
      '`automatic_payment_methods[enabled]` to `true` and ' +
      '`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and ' +
      'Payment Intents.',
    { param: 'return_url' },
  );
}

function applyOverrides(intent: Stripe.PaymentIntent, params: ConfirmParams | CreateParams): void {
  if (params.capture_method !== undefined) intent.capture_method = params.capture_method;
  if (params.receipt_email !== undefined) intent.receipt_email = params.receipt_email;
  if (params.setup_future_usage !== undefined)
    intent.setup_future_usage = params.setup_future_usage;
  if (params.payment_method_options !== undefined) {
    intent.payment_method_options = cardOptions(params.payment_method_options);
  }
}
