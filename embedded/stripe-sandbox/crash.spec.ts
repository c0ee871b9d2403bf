import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import {
  clientOf,
  type Endpoint,
  eventually,
  PUBLISHABLE_KEY,
  payment,
  SECRET_KEY,
  startEndpoint,
  WEBHOOK_SECRET,
} from './spec-kit.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/stripe-sandbox.ts', import.meta.url));

let database: TestDatabase;
let endpoint: Endpoint;
let child: ChildProcess | undefined;
beforeAll(async () => {
  database = await createTestDatabase();
  endpoint = await startEndpoint();
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await endpoint.close();
  await database.drop();
});

/** The program as a person starts it; resolves with the URL it announces. */
async function start(): Promise<string> {
  const options = {
    '--database-url': database.url,
    '--port': '0',
    '--webhook-url': endpoint.url,
    '--webhook-secret': WEBHOOK_SECRET,
    '--secret-key': SECRET_KEY,
    '--publishable-key': PUBLISHABLE_KEY,
  };
  const started = spawn(process.execPath, [PROGRAM, ...Object.entries(options).flat()], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child = started;
  for await (const line of createInterface({ input: started.stdout })) {
    if (line.startsWith('READY ')) return line.slice('READY '.length);
  }
  throw new Error('the sandbox ended before it was ready');
}

it('charges nobody twice and forgets nothing when it is killed in the middle', async () => {
  const keys = Array.from({ length: 60 }, (_, index) => `payment-${index}`);
  const pay = (stripe: Stripe, idempotencyKey: string) =>
    stripe.paymentIntents.create(
      payment('pm_card_visa', { metadata: { mark: idempotencyKey }, capture_method: 'automatic' }),
      { idempotencyKey },
    );

  const first = clientOf(await start(), undefined, 0);
  const acknowledged = new Map<string, string>();
  const attempts = keys.map(async (key) => {
    const intent = await pay(first, key);
    acknowledged.set(key, intent.id);
    if (acknowledged.size === 10) child?.kill('SIGKILL');
  });
  await Promise.all([Promise.allSettled(attempts), child && once(child, 'exit')]);
  expect(acknowledged.size).toBeGreaterThanOrEqual(10);
  expect(acknowledged.size).toBeLessThan(keys.length);

  const again = clientOf(await start(), undefined, 8);
  for (const [key, id] of acknowledged) expect((await pay(again, key)).id).toBe(id);
  await Promise.all(keys.map((key) => pay(again, key)));

  const marks: string[] = [];
  for await (const charge of again.charges.list({ limit: 100 })) {
    marks.push(charge.metadata['mark'] ?? '');
  }
  expect(marks.sort()).toEqual([...keys].sort());
  const { available, pending } = await again.balance.retrieve();
  const total = [...available, ...pending].reduce((sum, { amount }) => sum + amount, 0);
  expect(total).toBe(keys.length * (2500 - 63));

  // What was in flight to the endpoint is sent again.
  const succeeded = new Set<string>();
  await eventually(() => {
    for (const { body } of endpoint.received.splice(0)) {
      const event = JSON.parse(body) as Stripe.Event;
      if (event.type === 'payment_intent.succeeded') succeeded.add(event.data.object.id);
    }
    return succeeded.size;
  }).toBe(keys.length);

  child?.kill('SIGINT');
  const [code] = await once(child ?? process, 'exit');
  expect(code).toBe(0);
});
