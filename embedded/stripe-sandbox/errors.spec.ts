import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, failureOf, payment, startTestSandbox, type TestSandbox } from './spec-kit.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.stop());

const { StripeAuthenticationError, StripeInvalidRequestError } = Stripe.errors;
type Call = (stripe: Stripe) => Promise<unknown>;

/** Parameters that the types forbid, as a mistaken caller would send them. */
const raw = (stripe: Stripe, params: Record<string, unknown>) =>
  stripe.rawRequest('POST', '/v1/payment_intents', params);

const CASES: readonly [name: string, call: Call, expected: Record<string, unknown>][] = [
  [
    'an unknown parameter',
    (stripe) => raw(stripe, { amount: 100, currency: 'eur', payment_method_types: ['card'] }),
    { code: 'parameter_unknown', param: 'payment_method_types' },
  ],
  [
    'a missing parameter',
    (stripe) => raw(stripe, { amount: 100 }),
    { code: 'parameter_missing', param: 'currency' },
  ],
  [
    'no integer',
    (stripe) => raw(stripe, { amount: '12.50', currency: 'eur' }),
    { code: 'parameter_invalid_integer', param: 'amount' },
  ],
  [
    'an empty parameter',
    (stripe) => raw(stripe, { amount: '', currency: 'eur' }),
    { code: 'parameter_invalid_empty', param: 'amount' },
  ],
  [
    'an unknown currency',
    (stripe) => raw(stripe, { amount: 100, currency: 'xyz' }),
    { param: 'currency' },
  ],
  [
    'too small an amount',
    (stripe) => stripe.paymentIntents.create({ amount: 49, currency: 'eur' }),
    { code: 'amount_too_small', param: 'amount' },
  ],
  [
    'too large an amount',
    (stripe) => stripe.paymentIntents.create({ amount: 100_000_000, currency: 'eur' }),
    { code: 'amount_too_large', param: 'amount' },
  ],
  [
    'an unknown intent',
    (stripe) => stripe.paymentIntents.retrieve('pi_nowhere'),
    { code: 'resource_missing', param: 'intent', statusCode: 404 },
  ],
  [
    'an unknown payment method',
    (stripe) => stripe.paymentIntents.create(payment('pm_nowhere')),
    { code: 'resource_missing', param: 'payment_method' },
  ],
  [
    'an unknown customer',
    (stripe) =>
      stripe.paymentIntents.create({ amount: 100, currency: 'eur', customer: 'cus_nowhere' }),
    { code: 'resource_missing', param: 'customer' },
  ],
  [
    'a reason that is none',
    async (stripe) => {
      const { id } = await stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
      return stripe.paymentIntents.cancel(id, { cancellation_reason: 'weather' });
    },
    { param: 'cancellation_reason' },
  ],
  [
    'a path that leads nowhere',
    (stripe) => stripe.paymentIntents.list({ expand: ['data.currency'] }),
    { param: 'expand' },
  ],
  [
    'a page that is too large',
    (stripe) => stripe.paymentIntents.list({ limit: 101 }),
    { param: 'limit' },
  ],
  ['a resource the sandbox does not have', (stripe) => stripe.invoices.list(), { statusCode: 404 }],
  [
    'too long a metadata value',
    (stripe) =>
      stripe.paymentIntents.create({
        amount: 100,
        currency: 'eur',
        metadata: { note: 'x'.repeat(501) },
      }),
    { param: 'metadata[note]' },
  ],
];

describe('refusals are stripe-node’s own error classes', () => {
  it.each(CASES)('%s', async (_name, call, expected) => {
    const error = await failureOf(call(sandbox.stripe));
    expect(error).toBeInstanceOf(StripeInvalidRequestError);
    expect(error).toMatchObject({ statusCode: 400, ...expected });
    expect(error.requestId).toMatch(/^req_/);
  });

  it('a wrong key, and none', async () => {
    const stranger = clientOf(sandbox.url, 'sk_test_of_somebody_else');
    const error = await failureOf(stranger.balance.retrieve());
    expect(error).toBeInstanceOf(StripeAuthenticationError);
    expect(error.message).not.toContain('sk_test_of_somebody_else');
    expect((await fetch(`${sandbox.url}/v1/balance`)).status).toBe(401);
  });

  it('basic authentication works as in Stripe’s curl examples', async () => {
    const key = Buffer.from('sk_test_0123456789abcdef:').toString('base64');
    const response = await fetch(`${sandbox.url}/v1/balance`, {
      headers: { authorization: `Basic ${key}` },
    });
    expect(response.status).toBe(200);
  });

  it('a version whose answers would look different', async () => {
    const old = new Stripe('sk_test_0123456789abcdef', {
      host: '127.0.0.1',
      port: new URL(sandbox.url).port,
      protocol: 'http',
    });
    const call = old.rawRequest('GET', '/v1/balance', undefined, {
      additionalHeaders: { 'Stripe-Version': '2020-08-27' },
    });
    expect(await failureOf(call)).toBeInstanceOf(StripeInvalidRequestError);
  });
});
