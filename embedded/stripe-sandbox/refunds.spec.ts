import fc from 'fast-check';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CURRENCIES, cardFee, MAX_AMOUNT } from './settings.ts';
import { eventually, failureOf, payment, startTestSandbox, type TestSandbox } from './spec-kit.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.stop());

describe('a refund', () => {
  it('gives back part, then the rest, then nothing', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment('pm_card_visa'));
    const part = await stripe.refunds.create({
      payment_intent: intent.id,
      amount: 1000,
      reason: 'requested_by_customer',
      metadata: { enrollment: 'enr_1' },
      expand: ['balance_transaction', 'charge'],
    });
    expect(part).toMatchObject({
      status: 'succeeded',
      reason: 'requested_by_customer',
      metadata: { enrollment: 'enr_1' },
      // The fee of the charge stays with Stripe.
      balance_transaction: { type: 'refund', amount: -1000, fee: 0, net: -1000 },
      charge: { amount_refunded: 1000, refunded: false },
    });
    const tooMuch = await failureOf(
      stripe.refunds.create({ payment_intent: intent.id, amount: 1501 }),
    );
    expect(tooMuch).toMatchObject({ param: 'amount', statusCode: 400 });
    const rest = await stripe.refunds.create({ charge: String(intent.latest_charge) });
    expect(rest.amount).toBe(1500);
    const none = await failureOf(stripe.refunds.create({ payment_intent: intent.id }));
    expect(none).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(none.code).toBe('charge_already_refunded');
    const list = await stripe.refunds.list({ payment_intent: intent.id });
    expect(list.data.map(({ id }) => id)).toEqual([rest.id, part.id]);
  });

  it('20 at once of a quarter each: four succeed', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment('pm_card_visa'));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        stripe.refunds.create({ payment_intent: intent.id, amount: 625 }),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(4);
    const charge = await stripe.charges.retrieve(String(intent.latest_charge));
    expect(charge).toMatchObject({ amount_refunded: 2500, refunded: true });
    const refunds = await stripe.refunds.list({ charge: charge.id, limit: 100 });
    expect(refunds.data.reduce((sum, refund) => sum + refund.amount, 0)).toBe(2500);
  });

  it('needs money that was taken', async () => {
    const { stripe } = sandbox;
    const unpaid = await stripe.paymentIntents.create({ amount: 500, currency: 'eur' });
    const error = await failureOf(stripe.refunds.create({ payment_intent: unpaid.id }));
    expect(error.message).toContain('does not have a successful charge');
    const declined = await failureOf(
      stripe.paymentIntents.create(payment('pm_card_visa_chargeDeclined')),
    );
    expect(await failureOf(stripe.refunds.create({ charge: declined.charge ?? '' }))).toMatchObject(
      { statusCode: 400 },
    );
  });

  it('may be pending first', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment('pm_card_pendingRefund'));
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    expect(refund.status).toBe('pending');
    await eventually(async () => (await stripe.refunds.retrieve(refund.id)).status).toBe(
      'succeeded',
    );
  });

  it('may fail after it succeeded: the money is back, and can be refunded again', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment('pm_card_refundFail'));
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 700 });
    expect(refund.status).toBe('succeeded');
    await eventually(async () => (await stripe.refunds.retrieve(refund.id)).status).toBe('failed');
    const failed = await stripe.refunds.retrieve(refund.id, {
      expand: ['failure_balance_transaction', 'charge'],
    });
    expect(failed).toMatchObject({
      failure_reason: 'expired_or_canceled_card',
      failure_balance_transaction: { type: 'refund_failure', net: 700 },
      charge: { amount_refunded: 0, refunded: false },
    });
    const events = await stripe.events.list({ type: 'refund.*' });
    const own = events.data.filter(
      (event) => (event.data.object as { id: string }).id === refund.id,
    );
    expect(own.map(({ type }) => type)).toEqual([
      'refund.updated',
      'refund.failed',
      'refund.created',
    ]);
  });

  it('takes new metadata', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment('pm_card_visa'));
    const refund = await stripe.refunds.create({ payment_intent: intent.id });
    await stripe.refunds.update(refund.id, { metadata: { seen: 'yes' } });
    expect((await stripe.refunds.retrieve(refund.id)).metadata).toEqual({ seen: 'yes' });
    const [event] = (await stripe.events.list({ type: 'refund.updated' })).data;
    expect(event?.data.object).toMatchObject({ id: refund.id });
  });
});

describe('the balance', () => {
  async function totals(): Promise<Map<string, number>> {
    const sums = new Map<string, number>();
    for await (const entry of sandbox.stripe.balanceTransactions.list({ limit: 100 })) {
      sums.set(entry.currency, (sums.get(entry.currency) ?? 0) + entry.net);
      expect(entry.net).toBe(entry.amount - entry.fee);
      expect(entry.fee_details.reduce((sum, { amount }) => sum + amount, 0)).toBe(entry.fee);
    }
    return sums;
  }
  async function shown(): Promise<Map<string, number>> {
    const { available, pending } = await sandbox.stripe.balance.retrieve();
    const sums = new Map<string, number>();
    for (const { currency, amount } of [...available, ...pending]) {
      sums.set(currency, (sums.get(currency) ?? 0) + amount);
    }
    return sums;
  }

  it('is the sum of its transactions, in every currency', async () => {
    const { stripe } = sandbox;
    const paid = await Promise.all(
      ['eur', 'usd', 'jpy', 'eur'].map((currency, index) =>
        stripe.paymentIntents.create(
          payment('pm_card_visa', { currency, amount: 1000 + index, capture_method: 'automatic' }),
        ),
      ),
    );
    await stripe.refunds.create({ payment_intent: paid[0]?.id ?? '', amount: 333 });
    // Payments of the cases above may still be waiting for theirs.
    await eventually(async () => {
      const charges = await stripe.charges.list({ limit: 100 });
      return charges.data.filter((each) => each.captured && each.balance_transaction === null);
    }).toEqual([]);
    expect(await shown()).toEqual(await totals());
    const { available, pending } = await stripe.balance.retrieve();
    expect(pending.find(({ currency }) => currency === 'jpy')?.amount).toBe(1002 - 36);
    expect(available.find(({ currency }) => currency === 'jpy')?.amount).toBe(0);
  });

  it('finds the transaction of a charge, and passes by money that bypasses pending', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(
      payment('pm_card_bypassPending', { capture_method: 'automatic' }),
    );
    const source = String(intent.latest_charge);
    const [entry] = (await stripe.balanceTransactions.list({ source, type: 'charge' })).data;
    expect(entry).toMatchObject({ source, status: 'available', amount: 2500, fee: 63 });
    expect((await stripe.balanceTransactions.retrieve(entry?.id ?? '')).id).toBe(entry?.id);
  });

  it('can be put out by a cent, for a reconciliation to find', async () => {
    const before = await shown();
    const response = await fetch(`${sandbox.url}/_sandbox/balance/adjust`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount: -1, currency: 'eur' }),
    });
    expect(response.status).toBe(200);
    const after = await shown();
    expect(after.get('eur')).toBe((before.get('eur') ?? 0) - 1);
    expect(after).toEqual(await totals());
  });

  it('can be put out by a cent that is about a charge, and not about one that is not there', async () => {
    const adjust = (charge: string) =>
      fetch(`${sandbox.url}/_sandbox/balance/adjust`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ amount: -1, currency: 'eur', charge }),
      });
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment('pm_card_visa'));
    const charge = String(intent.latest_charge);
    expect((await adjust(charge)).status).toBe(200);
    const { data } = await stripe.balanceTransactions.list({
      source: charge,
      type: 'adjustment',
      expand: ['data.source'],
    });
    expect(data).toMatchObject([{ amount: -1, source: { id: charge, payment_intent: intent.id } }]);
    expect((await adjust('ch_nobody')).status).toBe(404);
    expect(await shown()).toEqual(await totals());
  });

  it('knows fees in whole minor units, within half a unit of the exact share', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_AMOUNT }),
        fc.constantFrom(...Object.keys(CURRENCIES)),
        (amount, currency) => {
          const { feeBasisPoints = 0, feeFixed = 0 } = CURRENCIES[currency] ?? {};
          const fee = cardFee(amount, currency);
          expect(Number.isInteger(fee)).toBe(true);
          const exact = (amount * feeBasisPoints) / 10_000 + feeFixed;
          expect(Math.abs(fee - exact)).toBeLessThanOrEqual(0.5);
        },
      ),
    );
  });

  it('shows people what happened', async () => {
    const page = await fetch(sandbox.url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain('25.00 EUR');
    expect(html).not.toMatch(/<script|https?:\/\//);
  });
});
