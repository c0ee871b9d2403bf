import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveId } from '../../domain/_kernel/ids.ts';
import {
  SECRET_KEY,
  startTestSandbox,
  type TestSandbox,
  WEBHOOK_SECRET,
} from '../../embedded/stripe-sandbox/spec-kit.ts';
import { startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { parseAnswer, statementLineSchema } from './answers.ts';
import {
  createStripeGateway,
  StripeAnswerError,
  type StripeGateway,
  StripeRefusedError,
  StripeUnavailableError,
  WebhookRefusedError,
} from './index.ts';

let sandbox: TestSandbox;
let gateway: StripeGateway;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  gateway = gatewayTo(sandbox.url);
});
afterAll(() => sandbox.stop());

const gatewayTo = (url: string, key = SECRET_KEY) =>
  createStripeGateway({
    stripeSecretKey: key,
    stripeApiBase: url,
    stripeWebhookSecret: [WEBHOOK_SECRET],
  });

function order(seed: string, amount = 2500) {
  return {
    paymentId: deriveId('pay', seed),
    enrollmentId: deriveId('enr', seed),
    activityId: deriveId('act', seed),
    amount: { amount, currency: 'EUR' },
    description: 'Puppy morning',
  } as const;
}

const confirm = (intentId: string, method = 'pm_card_visa') =>
  sandbox.stripe.paymentIntents.confirm(intentId, {
    payment_method: method,
    return_url: 'http://127.0.0.1/',
  });

describe('a payment intent', () => {
  it('is made once per payment, however often it is asked for', async () => {
    const [first, ...others] = await Promise.all(
      [1, 2, 3].map(() => gateway.createIntent(order('once')).catch((error: unknown) => error)),
    );
    const made = [first, ...others].filter((answer) => !(answer instanceof Error));
    const again = await gateway.createIntent(order('once'));
    for (const answer of made) expect(answer).toEqual(again);
    expect(await gateway.clientSecret(again.intentId)).toBe(again.clientSecret);
    // Those that met one in flight are told to come back.
    for (const answer of others) {
      if (answer instanceof Error) expect(answer).toBeInstanceOf(StripeUnavailableError);
    }
  });

  it('is found by its metadata, and not made anew after its key was forgotten', async () => {
    const made = await gateway.createIntent(order('found'));
    const { paymentId, enrollmentId, activityId } = order('found');
    expect(await gateway.findIntent(paymentId)).toMatchObject({
      observed: { intentId: made.intentId, status: 'requires_payment_method', decline: null },
      ids: { paymentId, enrollmentId, activityId },
    });
    expect(await gateway.createIntent({ ...order('found'), mayExist: true })).toEqual(made);
    expect(await gateway.findIntent(deriveId('pay', 'nobody'))).toBeNull();
  });

  it('is observed with its charge and its fee', async () => {
    const { intentId } = await gateway.createIntent(order('paid'));
    await confirm(intentId);
    const found = await gateway.fetchIntent(intentId);
    const { observed } = found ?? {};
    expect(observed).toMatchObject({
      status: 'succeeded',
      amountReceived: 2500,
      currency: 'eur',
      chargeId: expect.stringMatching(/^ch_/),
      paidAt: expect.stringMatching(/Z$/),
      decline: null,
    });
  });

  it('that was declined says why', async () => {
    const { intentId } = await gateway.createIntent(order('declined'));
    await expect(
      confirm(intentId, 'pm_card_visa_chargeDeclinedInsufficientFunds'),
    ).rejects.toThrow();
    expect((await gateway.fetchIntent(intentId))?.observed).toMatchObject({
      status: 'requires_payment_method',
      paidAt: null,
      decline: {
        chargeId: expect.stringMatching(/^ch_/),
        code: 'card_declined',
        declineCode: 'insufficient_funds',
      },
    });
  });

  it('is cancelled, unless it was paid meanwhile', async () => {
    const { intentId } = await gateway.createIntent(order('cancelled'));
    expect((await gateway.cancelIntent(intentId))?.observed).toMatchObject({ status: 'canceled' });
    const paid = await gateway.createIntent(order('too late'));
    await confirm(paid.intentId);
    expect((await gateway.cancelIntent(paid.intentId))?.observed).toMatchObject({
      status: 'succeeded',
    });
  });

  it('that Stripe does not know is null, not an error', async () => {
    expect(await gateway.fetchIntent('pi_unknown')).toBeNull();
    expect(await gateway.fetchRefund('re_unknown')).toBeNull();
  });
});

describe('a refund', () => {
  it('is made once per id; more than there is refused by name', async () => {
    const { intentId } = await gateway.createIntent(order('refunded'));
    await confirm(intentId);
    const { paymentId, activityId, amount } = order('refunded');
    const give = (seed: string, cents: number) =>
      gateway.refund({
        ...{ refundId: deriveId('ref', seed), paymentId, activityId, intentId },
        amount: { ...amount, amount: cents },
      });
    const first = await give('first', 1000);
    expect(first).toMatchObject({ status: 'succeeded', ids: { paymentId, activityId } });
    expect(await give('first', 1000)).toEqual(first);
    expect(await gateway.fetchRefund(first.stripeRefundId ?? '')).toEqual(first);
    await expect(give('second', 2000)).rejects.toThrow(StripeRefusedError);
    await give('third', 1500);
    await expect(give('fourth', 1)).rejects.toMatchObject({ code: 'charge_already_refunded' });
  });
});

describe('the statement', () => {
  it('has a line for charge and refund, with the ids of the payment', async () => {
    const { intentId } = await gateway.createIntent(order('stated', 4200));
    await confirm(intentId);
    const { paymentId, activityId, amount } = order('stated', 4200);
    const refundId = deriveId('ref', 'stated');
    await gateway.refund({ refundId, paymentId, activityId, intentId, amount });
    const { lines } = await gateway.listBalanceTransactions({ createdFrom: 0, limit: 100 });
    const ours = lines.filter(({ ids }) => ids.paymentId === paymentId);
    expect(ours.map(({ type, gross, net, fee }) => [type, gross, gross - fee === net])).toEqual([
      ['refund', -4200, true],
      ['charge', 4200, true],
    ]);
    for (const line of ours)
      expect(line).toMatchObject({ ids: { activityId }, intentId, currency: 'EUR' });
  });

  it('comes in pages that go on where the last one ended', async () => {
    const all = await gateway.listBalanceTransactions({ createdFrom: 0, limit: 100 });
    const first = await gateway.listBalanceTransactions({ createdFrom: 0, limit: 2 });
    expect(first.hasMore).toBe(true);
    const after = first.lines.at(-1)?.balanceTransactionId ?? '';
    const second = await gateway.listBalanceTransactions({ createdFrom: 0, limit: 100, after });
    expect([...first.lines, ...second.lines]).toEqual(all.lines);
  });
});

describe('when Stripe', () => {
  it('is away, or its answer is lost, the same call under the same key finds out', async () => {
    const { hostname, port } = new URL(sandbox.url);
    const proxy = await startFaultProxy({ host: hostname, port: Number(port) });
    const through = gatewayTo(`http://127.0.0.1:${proxy.port}`);
    try {
      await proxy.set('cut-reply');
      await expect(through.createIntent(order('cut'))).rejects.toThrow(StripeUnavailableError);
      await proxy.set('refuse');
      await expect(through.createIntent(order('cut'))).rejects.toThrow(StripeUnavailableError);
      await proxy.set('pass');
      const { intentId } = await through.createIntent(order('cut'));
      const { data } = await sandbox.stripe.paymentIntents.search({
        query: `metadata['payment_id']:'${order('cut').paymentId}'`,
      });
      expect(data.map(({ id }) => id)).toEqual([intentId]);
    } finally {
      await proxy.stop();
    }
  });

  it('refuses our key, the call is worth another try: it is the key that has to be mended', async () => {
    const stranger = gatewayTo(sandbox.url, 'sk_test_somebodyelse');
    await expect(stranger.fetchIntent('pi_1')).rejects.toThrow(StripeUnavailableError);
  });

  it('answers otherwise than documented, the place is named', () => {
    const line = { id: 'txn_1', type: 'charge', amount: 12.5 };
    expect(() => parseAnswer(statementLineSchema, line, 'balance transaction')).toThrow(
      StripeAnswerError,
    );
    expect(() => parseAnswer(statementLineSchema, line, 'balance transaction')).toThrow(
      /^balance transaction: \/reporting_category /,
    );
  });
});

describe('a webhook', () => {
  const body = (object: object) =>
    Buffer.from(
      JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.updated', data: { object } }),
    );
  const signed = (payload: Buffer, secret: string, timestamp?: number) =>
    Stripe.webhooks.generateTestHeaderString({
      payload: payload.toString(),
      secret,
      ...(timestamp === undefined ? {} : { timestamp }),
    });

  it('names the object to fetch: a charge is looked at through its intent', () => {
    const payload = body({ id: 'ch_1', object: 'charge', payment_intent: 'pi_1' });
    const event = gateway.verifyWebhook(payload, signed(payload, WEBHOOK_SECRET));
    expect(event).toMatchObject({
      id: 'evt_1',
      type: 'charge.updated',
      object: { type: 'payment_intent', id: 'pi_1' },
      payloadHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const balance = body({ object: 'balance' });
    expect(gateway.verifyWebhook(balance, signed(balance, WEBHOOK_SECRET)).object).toBeNull();
  });

  it('is taken under each of two secrets while one is being replaced', () => {
    const payload = body({ id: 'pi_1', object: 'payment_intent' });
    const secrets = ['whsec_new', 'whsec_old'];
    for (const secret of secrets) {
      expect(gateway.verifyWebhook(payload, signed(payload, secret), secrets).id).toBe('evt_1');
    }
  });

  it.each([
    ['no signature', (_payload: Buffer) => undefined],
    ['another secret', (payload: Buffer) => signed(payload, 'whsec_other')],
    ['another body', () => signed(Buffer.from('{}'), WEBHOOK_SECRET)],
    [
      'an old time',
      (payload: Buffer) => signed(payload, WEBHOOK_SECRET, Math.floor(Date.now() / 1000) - 301),
    ],
  ])('with %s is refused', (_what, signature) => {
    const payload = body({ id: 'pi_1', object: 'payment_intent' });
    expect(() => gateway.verifyWebhook(payload, signature(payload))).toThrow(WebhookRefusedError);
  });
});
