import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { expect } from 'vitest';
import { createTestDatabase } from '../../test/support/database.ts';
import { type StripeSandbox, startStripeSandbox, type WebhookOptions } from './index.ts';

export const SECRET_KEY = 'sk_test_0123456789abcdef';
export const PUBLISHABLE_KEY = 'pk_test_0123456789abcdef';
export const WEBHOOK_SECRET = 'whsec_of_the_specs';

export type TestSandbox = {
  readonly url: string;
  readonly databaseUrl: string;
  /** The real client, as an application makes it. */
  readonly stripe: Stripe;
  /** Ends it and starts another on the same database (and another port). */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

export async function startTestSandbox(webhooks: WebhookOptions[] = []): Promise<TestSandbox> {
  const database = await createTestDatabase();
  let sandbox: StripeSandbox | undefined;
  let stripe: Stripe | undefined;
  async function start(): Promise<void> {
    sandbox = await startStripeSandbox({
      databaseUrl: database.url,
      secretKey: SECRET_KEY,
      publishableKey: PUBLISHABLE_KEY,
      webhooks,
    });
    stripe = clientOf(sandbox.url);
  }
  await start();
  return {
    get url() {
      return sandbox?.url ?? '';
    },
    get stripe() {
      return stripe ?? clientOf('');
    },
    databaseUrl: database.url,
    async restart() {
      await sandbox?.stop();
      await start();
    },
    async stop() {
      await sandbox?.stop();
      await database.drop();
    },
  };
}

export function clientOf(url: string, key = SECRET_KEY, maxNetworkRetries = 2): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port, protocol: 'http', maxNetworkRetries });
}

/** A card payment that needs no browser. */
export const payment = (
  paymentMethod: string,
  more: Partial<Stripe.PaymentIntentCreateParams> = {},
): Stripe.PaymentIntentCreateParams => ({
  amount: 2500,
  currency: 'eur',
  confirm: true,
  payment_method: paymentMethod,
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  ...more,
});

export const uniqueKey = (): string => `key_${randomBytes(8).toString('hex')}`;

/** Waits on a condition; the limit is only how long a failure takes to show on a busy machine. */
export const eventually = <T>(read: () => T) =>
  expect.poll(read, { timeout: 12_000, interval: 20 });

/** What the call failed with; a call that succeeds fails the spec. */
export async function failureOf(
  call: Promise<unknown>,
): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  const outcome = await call.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (outcome instanceof Stripe.errors.StripeError) return outcome;
  throw new Error(`a Stripe error was expected, but: ${String(outcome)}`);
}

export type Received = { body: string; headers: IncomingHttpHeaders };
export type Endpoint = {
  readonly url: string;
  readonly received: Received[];
  /** What it answers from now on. */
  status: number;
  close(): Promise<void>;
};

/** An application's webhook endpoint. */
export async function startEndpoint(port = 0): Promise<Endpoint> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
      response.writeHead(endpoint.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const endpoint: Endpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    status: 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return endpoint;
}
