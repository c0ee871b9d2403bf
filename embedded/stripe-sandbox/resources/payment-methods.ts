import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import { z } from 'zod';
import { ApiError, resourceMissing } from '../http/errors.ts';
import { choice, expand, integer, metadata, text, unsettable } from '../http/params.ts';
import { type Route, route } from '../http/route.ts';
import { newId, nowSeconds } from '../ids.ts';
import type { Stored } from '../store/kinds.ts';
import type { Work } from '../store/work.ts';
import { cardByName, cardByNumber, passesLuhn, type TestCard } from './cards.ts';

const cardParams = z.strictObject({
  number: text(30).optional(),
  token: text(100).optional(),
  exp_month: integer().optional(),
  exp_year: integer().optional(),
  cvc: text(4).optional(),
});

const line = () => unsettable(200).optional();
const billingDetails = z.strictObject({
  address: z
    .strictObject({
      city: line(),
      country: line(),
      line1: line(),
      line2: line(),
      postal_code: line(),
      state: line(),
    })
    .optional(),
  email: line(),
  name: line(),
  phone: line(),
  tax_id: line(),
});

/** `payment_method_data` of an intent, and the body of `POST /v1/payment_methods`. */
export const paymentMethodData = z.strictObject({
  type: choice(['card']),
  card: cardParams.optional(),
  billing_details: billingDetails.optional(),
  metadata: metadata().optional(),
  allow_redisplay: text(20).optional(),
});
export type PaymentMethodData = z.infer<typeof paymentMethodData>;

export const paymentMethodRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/payment_methods',
    access: 'client',
    params: z.strictObject({ ...paymentMethodData.shape, ...expand }),
    handle: async ({ work, params }) => ({ body: createPaymentMethod(work, params).body }),
  }),
  route({
    method: 'GET',
    path: '/v1/payment_methods/:id',
    access: 'secret',
    params: z.strictObject(expand),
    handle: async ({ work, id }) => ({ body: (await usePaymentMethod(work, id, 'id')).body }),
  }),
];

/** `pm_card_visa` makes a new object of that card, as Stripe does; any other id must exist. */
export async function usePaymentMethod(
  work: Work,
  id: string,
  param = 'payment_method',
): Promise<Stored<'payment_method'>> {
  const card = cardByName(id);
  if (card !== undefined && param !== 'id') return newPaymentMethod(work, card, {});
  const stored = await work.find('payment_method', id);
  if (stored === undefined) {
    throw resourceMissing('PaymentMethod', id, param, param === 'id' ? 404 : 400);
  }
  return stored;
}

export function createPaymentMethod(work: Work, data: PaymentMethodData): Stored<'payment_method'> {
  return newPaymentMethod(work, chooseCard(data.card ?? {}), data);
}

function chooseCard({ number, token }: z.infer<typeof cardParams>): TestCard {
  if (number !== undefined) return cardOfNumber(number.replace(/[ -]/g, ''));
  const name = token?.replace(/^tok_/, 'pm_card_');
  if (name === undefined) {
    throw new ApiError(400, {
      type: 'invalid_request_error',
      code: 'parameter_missing',
      message: 'Missing required param: card[number] or card[token].',
      param: 'card[number]',
    });
  }
  const card = cardByName(name);
  if (card === undefined) throw resourceMissing('token', token ?? '', 'card[token]', 400);
  return card;
}

/** Only published test numbers pass. Any other is refused before anything is stored of it. */
function cardOfNumber(number: string): TestCard {
  if (!passesLuhn(number)) {
    throw new ApiError(402, {
      type: 'card_error',
      code: 'incorrect_number',
      message: 'Your card number is incorrect.',
      param: 'number',
    });
  }
  const card = cardByNumber(number);
  if (card !== undefined) return card;
  throw new ApiError(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'test_mode_live_card',
    message:
      'Your card was declined. Your request was in test mode, but used a non test (live) card. ' +
      'For a list of valid test cards, visit: https://docs.stripe.com/testing.',
    param: 'number',
  });
}

function newPaymentMethod(
  work: Work,
  card: TestCard,
  data: Partial<PaymentMethodData>,
): Stored<'payment_method'> {
  const body: Stripe.PaymentMethod = {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: billing(data.billing_details),
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: card.country,
      display_brand: card.brand,
      exp_month: data.card?.exp_month ?? 12,
      exp_year: data.card?.exp_year ?? new Date().getUTCFullYear() + 3,
      fingerprint: fingerprint(card.number),
      funding: card.funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: nowSeconds(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: data.metadata ?? {},
    type: 'card',
  };
  const stored = { body, hidden: { card: card.names[0] } };
  work.put('payment_method', stored);
  return stored;
}

function billing(
  given: z.infer<typeof billingDetails> | undefined,
): Stripe.PaymentMethod['billing_details'] {
  const { address, ...rest } = given ?? {};
  const place = {
    city: null,
    country: null,
    line1: null,
    line2: null,
    postal_code: null,
    state: null,
  };
  return {
    address: { ...place, ...defined(address ?? {}) },
    ...{ email: null, name: null, phone: null, tax_id: null },
    ...defined(rest),
  };
}

/** An optional parameter that was left out must not hide the default. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Equal for equal cards, as with Stripe, so that duplicates can be found. */
function fingerprint(number: string): string {
  return createHash('sha256').update(number).digest('base64url').slice(0, 16);
}
