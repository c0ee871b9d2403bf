import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordingBus, sampleWriteApi } from './_fixtures/sample.ts';
import type { StripeEvent, WriteApi } from './index.ts';

const secret = 'whsec_spec';
const sign = (body: Buffer | string): string =>
  createHmac('sha256', secret).update(body).digest('hex');

let app: WriteApi;
let stored: { event: StripeEvent; rawBody: Buffer }[];
let fail: Error | null;

beforeEach(async () => {
  stored = [];
  fail = null;
  app = await sampleWriteApi({
    bus: recordingBus(),
    stripe: {
      verify: (rawBody, signature) => {
        if (sign(rawBody) !== signature)
          throw Object.assign(new Error('No signatures found matching the expected signature'), {
            name: 'WebhookRefusedError',
          });
        return JSON.parse(rawBody.toString()) as StripeEvent;
      },
      receive: async (event, rawBody) => {
        if (fail !== null) throw fail;
        const repeat = stored.some((row) => row.event.id === event.id);
        stored.push({ event, rawBody });
        return repeat ? 'repeat' : 'new';
      },
    },
  });
});
afterEach(() => app.close());

// Spaces and an escape: what was parsed and written again would not have this signature.
const body = '{ "id": "evt_1",  "type": "payment_intent.succeeded", "note": "\\u00e4" }';
const deliver = (payload: string | Buffer, headers: Record<string, string>) =>
  app.inject({
    method: 'POST',
    url: '/v1/webhooks/stripe',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    payload,
  });

test('a signed event is stored with its bytes as they came', async () => {
  const response = await deliver(body, { 'stripe-signature': sign(body) });
  expect([response.statusCode, response.json()]).toEqual([200, { received: true }]);
  expect(stored[0]?.rawBody.toString()).toBe(body);
  expect(stored[0]?.event).toMatchObject({ id: 'evt_1', type: 'payment_intent.succeeded' });
});

test('a repeat is answered like the first', async () => {
  await deliver(body, { 'stripe-signature': sign(body) });
  expect((await deliver(body, { 'stripe-signature': sign(body) })).statusCode).toBe(200);
});

test.each([
  ['is not signed', body, {}],
  ['is signed for another body', body, { 'stripe-signature': sign('{}') }],
  ['has no body', '', { 'stripe-signature': sign(body) }],
])('an event that %s is refused and not stored', async (_what, payload, headers) => {
  const response = await deliver(payload, headers);
  expect([response.statusCode, response.json().code]).toEqual([400, 'invalid-signature']);
  expect(response.body).not.toContain('expected signature');
  expect(stored).toEqual([]);
});

test('an event that could not be stored is 503, so that Stripe sends it again', async () => {
  fail = new Error('disk full at /var/lib/postgresql');
  const response = await deliver(body, { 'stripe-signature': sign(body) });
  expect([response.statusCode, response.json().code]).toEqual([503, 'unavailable']);
  expect(response.body).not.toContain('postgresql');
  fail = null;
  expect((await deliver(body, { 'stripe-signature': sign(body) })).statusCode).toBe(200);
});

test('events of up to a mebibyte are taken, larger ones are not', async () => {
  const of = (bytes: number): string =>
    JSON.stringify({ id: 'evt_2', type: 'x', pad: 'x'.repeat(bytes) });
  const large = of(900 * 1024);
  expect((await deliver(large, { 'stripe-signature': sign(large) })).statusCode).toBe(200);
  const larger = of(1100 * 1024);
  expect((await deliver(larger, { 'stripe-signature': sign(larger) })).statusCode).toBe(413);
});
