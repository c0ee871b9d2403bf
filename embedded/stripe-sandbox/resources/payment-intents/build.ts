import type Stripe from 'stripe';
import { refused } from '../../http/errors.ts';
import { newId, nowSeconds, randomText } from '../../ids.ts';
import { CURRENCIES, formatMoney, MAX_AMOUNT } from '../../settings.ts';
import { mergeMetadata } from '../metadata.ts';
import type { CreateParams } from './params.ts';

export function buildIntent(params: CreateParams): Stripe.PaymentIntent {
  checkAmount(params.amount, params.currency);
  const id = newId('pi');
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount: params.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: automaticMethods(params),
    canceled_at: null,
    cancellation_reason: null,
    // Stripe's default since 2024-04-10: the balance transaction follows by `charge.updated`.
    capture_method: params.capture_method ?? 'automatic_async',
    client_secret: `${id}_secret_${randomText(25)}`,
    confirmation_method: 'automatic',
    created: nowSeconds(),
    currency: params.currency,
    customer: params.customer ?? null,
    customer_account: null,
    description: params.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: mergeMetadata({}, params.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: cardOptions(params.payment_method_options),
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: params.receipt_email ?? null,
    review: null,
    setup_future_usage: params.setup_future_usage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: params.statement_descriptor ?? null,
    statement_descriptor_suffix: params.statement_descriptor_suffix ?? null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: params.transfer_group ?? null,
  };
}

export function cardOptions(
  options: CreateParams['payment_method_options'],
): Stripe.PaymentIntent.PaymentMethodOptions {
  return {
    card: {
      installments: null,
      mandate_options: null,
      network: null,
      request_three_d_secure: options?.card?.request_three_d_secure ?? 'automatic',
    },
  };
}

/** Without a choice of its own an intent takes what the dashboard has enabled (dynamic methods). */
function automaticMethods(
  params: CreateParams,
): Stripe.PaymentIntent.AutomaticPaymentMethods | null {
  if (params.allowed_payment_method_types !== undefined) return null;
  const { enabled = true, allow_redirects = 'always' } = params.automatic_payment_methods ?? {};
  return enabled ? { enabled, allow_redirects } : null;
}

export function checkAmount(amount: number, currency: string): void {
  const minimum = CURRENCIES[currency]?.minimum ?? 1;
  if (amount < 1) {
    throw refused('This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      param: 'amount',
    });
  }
  if (amount < minimum) {
    throw refused(`Amount must be at least ${formatMoney(minimum, currency)}.`, {
      code: 'amount_too_small',
      param: 'amount',
    });
  }
  if (amount > MAX_AMOUNT) {
    throw refused(`Amount must be no more than ${formatMoney(MAX_AMOUNT, currency)}.`, {
      code: 'amount_too_large',
      param: 'amount',
    });
  }
}

const PUBLIC_MEMBERS = [
  'id',
  'object',
  'amount',
  'amount_details',
  'automatic_payment_methods',
  'canceled_at',
  'cancellation_reason',
  'capture_method',
  'client_secret',
  'confirmation_method',
  'created',
  'currency',
  'description',
  'last_payment_error',
  'livemode',
  'next_action',
  'payment_method',
  'payment_method_types',
  'processing',
  'receipt_email',
  'setup_future_usage',
  'shipping',
  'source',
  'status',
] as const satisfies readonly (keyof Stripe.PaymentIntent)[];

/** What a holder of the publishable key may see: no metadata, no customer, no charge. */
export function publicView(intent: Stripe.PaymentIntent): object {
  return Object.fromEntries(PUBLIC_MEMBERS.map((member) => [member, intent[member]]));
}
