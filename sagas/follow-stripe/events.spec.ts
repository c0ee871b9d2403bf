import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../../embedded/stripe-sandbox/spec-kit.ts';
import { followedEvents } from './events.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.stop());

it('what we subscribe to tells of the fee, which Stripe makes some time after the payment', async () => {
  const { paymentIntents, events } = sandbox.stripe;
  const { id } = await paymentIntents.create({ amount: 2500, currency: 'eur' });
  await paymentIntents.confirm(id, {
    ...{ payment_method: 'pm_card_visa', return_url: 'http://127.0.0.1/' },
  });
  const feeOf = async () => {
    const { latest_charge: charge } = await paymentIntents.retrieve(id, {
      expand: ['latest_charge'],
    });
    return typeof charge === 'string' ? null : charge?.balance_transaction;
  };
  await expect.poll(feeOf, { timeout: 10_000 }).toBeTruthy();
  const { data: all } = await events.list({ limit: 100 });
  const heard = all.filter(({ type }) => followedEvents.includes(type));
  expect(heard.map(({ type }) => type)).toContain('payment_intent.succeeded');
  // Whatever was fetched before that has no fee; without it nobody looks again for a minute.
  const withFee = heard.filter(({ data: { object } }) => {
    return 'balance_transaction' in object && object.balance_transaction !== null;
  });
  expect(withFee.map(({ type }) => type)).toEqual(['charge.updated']);
});
