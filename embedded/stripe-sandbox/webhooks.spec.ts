import pg from 'pg';
import Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Endpoint,
  eventually,
  failureOf,
  payment,
  startEndpoint,
  startTestSandbox,
  type TestSandbox,
  WEBHOOK_SECRET,
} from './spec-kit.ts';

let endpoint: Endpoint;
let second: Endpoint;
/** Wants these events and no others. */
let choosy: Endpoint;
const WANTED = ['payment_intent.succeeded', 'refund.created'];
let sandbox: TestSandbox;
beforeAll(async () => {
  endpoint = await startEndpoint();
  second = await startEndpoint();
  choosy = await startEndpoint();
  sandbox = await startTestSandbox([
    { url: endpoint.url, secret: WEBHOOK_SECRET },
    { url: second.url, secret: 'whsec_of_another' },
    { url: choosy.url, secret: WEBHOOK_SECRET, events: WANTED },
  ]);
});
afterAll(async () => {
  await sandbox.stop();
  await Promise.all([endpoint, second, choosy].map((each) => each.close()));
});
beforeEach(settled);
afterEach(() => {
  endpoint.status = 200;
});

/** Waits until the events of earlier cases are delivered, then forgets them. */
async function settled(): Promise<void> {
  await eventually(pendingDeliveries).toBe(0);
  endpoint.received.length = 0;
  second.received.length = 0;
  choosy.received.length = 0;
}

async function pendingDeliveries(): Promise<number> {
  const response = await fetch(`${sandbox.url}/_sandbox/health`);
  const { deliveries } = (await response.json()) as { deliveries: { pending: number } };
  return deliveries.pending;
}

const eventsAt = (place: Endpoint, secret = WEBHOOK_SECRET): Stripe.Event[] =>
  place.received.map(({ body, headers }) =>
    Stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', secret),
  );
const typesAt = (place: Endpoint): string[] =>
  eventsAt(place)
    .map((event) => event.type)
    .sort();

describe('webhooks', () => {
  it('are signed, one per event and endpoint, with the object as it was', async () => {
    const intent = await sandbox.stripe.paymentIntents.create(payment('pm_card_visa'));
    await eventually(() => typesAt(endpoint)).toEqual([
      'charge.succeeded',
      'charge.updated',
      'payment_intent.created',
      'payment_intent.succeeded',
    ]);
    await eventually(() => second.received.length).toBe(4);
    expect(eventsAt(second, 'whsec_of_another')).toHaveLength(4);
    expect(() => eventsAt(second)).toThrow(Stripe.errors.StripeSignatureVerificationError);

    const created = eventsAt(endpoint).find((event) => event.type === 'payment_intent.created');
    expect(created?.api_version).toBe('2026-10-28.endive');
    expect(created?.data.object).toMatchObject({
      id: intent.id,
      status: 'requires_payment_method',
    });
    const stored = await sandbox.stripe.events.retrieve(created?.id ?? '');
    expect(stored.data).toEqual(created?.data);
  });

  it('go to an endpoint that names the events it wants, and no others', async () => {
    const { stripe } = sandbox;
    const paid = await stripe.paymentIntents.create(payment('pm_card_visa'));
    await stripe.refunds.create({ payment_intent: paid.id });
    await eventually(() => typesAt(endpoint)).toContain('charge.refunded');
    await eventually(pendingDeliveries).toBe(0);
    expect(typesAt(choosy)).toEqual(WANTED);
  });

  it('tell about every step of a payment', async () => {
    const { stripe } = sandbox;
    await failureOf(stripe.paymentIntents.create(payment('pm_card_visa_chargeDeclined')));
    const open = await stripe.paymentIntents.create(payment('pm_card_authenticationRequired'));
    await stripe.paymentIntents.cancel(open.id);
    const paid = await stripe.paymentIntents.create(
      payment('pm_card_visa', { capture_method: 'automatic' }),
    );
    await stripe.refunds.create({ payment_intent: paid.id });
    await eventually(() => [...new Set(typesAt(endpoint))]).toEqual([
      'charge.failed',
      'charge.refunded',
      'charge.succeeded',
      'payment_intent.canceled',
      'payment_intent.created',
      'payment_intent.payment_failed',
      'payment_intent.requires_action',
      'payment_intent.succeeded',
      'refund.created',
    ]);
  });

  it('are tried again until the endpoint answers 2xx', async () => {
    endpoint.status = 500;
    const intent = await sandbox.stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
    await eventually(() => endpoint.received.length).toBeGreaterThanOrEqual(2);
    // The other endpoint has its copy.
    await eventually(pendingDeliveries).toBe(1);
    endpoint.status = 204;
    await eventually(pendingDeliveries).toBe(0);
    const events = eventsAt(endpoint);
    expect(new Set(events.map((event) => event.id)).size).toBe(1);
    expect(events[0]?.data.object).toMatchObject({ id: intent.id });

    const log = await fetch(`${sandbox.url}/_sandbox/deliveries?event=${events[0]?.id}`);
    const { deliveries } = (await log.json()) as {
      deliveries: { url: string; status: string; log: { statusCode: number }[] }[];
    };
    const codes = deliveries
      .find(({ url }) => url === endpoint.url)
      ?.log.map(({ statusCode }) => statusCode);
    expect(codes?.at(0)).toBe(500);
    expect(codes?.at(-1)).toBe(204);
  });

  it('reach an endpoint that was down while sandbox and endpoint restart', async () => {
    const port = Number(new URL(endpoint.url).port);
    await endpoint.close();
    const intent = await sandbox.stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
    await sandbox.restart();
    expect(await pendingDeliveries()).toBeGreaterThanOrEqual(1);
    endpoint = await startEndpoint(port);
    await eventually(() => endpoint.received.length).toBe(1);
    expect(eventsAt(endpoint)[0]?.data.object).toMatchObject({ id: intent.id });
  });

  it('come again, as often as asked and shuffled', async () => {
    await sandbox.stripe.paymentIntents.create(payment('pm_card_visa'));
    await eventually(() => endpoint.received.length).toBe(4);
    await settled();
    // Named, it goes to every endpoint, also to one that would not be sent it.
    const [event] = (await sandbox.stripe.events.list({ type: 'payment_intent.created' })).data;
    const response = await fetch(`${sandbox.url}/_sandbox/events/${event?.id}/redeliver`, {
      method: 'POST',
      body: new URLSearchParams({ times: '30' }),
    });
    expect(await response.json()).toEqual({ queued: 90 });
    for (const place of [endpoint, choosy]) {
      await eventually(() => place.received.length).toBe(30);
      expect(new Set(eventsAt(place).map(({ id }) => id))).toEqual(new Set([event?.id]));
    }
  });
});

describe('an outage of the database', () => {
  async function asAdmin(task: (admin: pg.Client, name: string) => Promise<unknown>) {
    const url = new URL(sandbox.databaseUrl);
    const name = url.pathname.slice(1);
    url.pathname = '/postgres';
    const admin = new pg.Client({ connectionString: url.href });
    await admin.connect();
    await task(admin, name).finally(() => admin.end());
  }

  it('is answered with 503 and ends by itself', async () => {
    await asAdmin(async (admin, name) => {
      await admin.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
        [name],
      );
    });
    const call = fetch(`${sandbox.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_0123456789abcdef', 'idempotency-key': 'outage' },
      body: new URLSearchParams({ amount: '100', currency: 'eur' }),
    });
    const response = await call;
    expect(response.status).toBe(503);
    expect(response.headers.get('stripe-should-retry')).toBe('true');
    expect((await fetch(`${sandbox.url}/_sandbox/health`)).status).toBe(503);

    await asAdmin((admin, name) =>
      admin.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`),
    );
    const intent = await sandbox.stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
    await eventually(() =>
      eventsAt(endpoint).map((event) => (event.data.object as { id: string }).id),
    ).toContain(intent.id);
  });
});
