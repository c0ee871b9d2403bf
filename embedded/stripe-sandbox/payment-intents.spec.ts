import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_CARDS } from './resources/cards.ts';
import {
  clientOf,
  eventually,
  failureOf,
  PUBLISHABLE_KEY,
  payment,
  startTestSandbox,
  type TestSandbox,
} from './spec-kit.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.stop());

/** The event types of one intent, oldest first. */
async function eventsOf(intent: string): Promise<string[]> {
  const types: string[] = [];
  for await (const event of sandbox.stripe.events.list({ limit: 100 })) {
    const object = event.data.object as { id?: string; payment_intent?: unknown };
    if (object.id === intent || object.payment_intent === intent) types.unshift(event.type);
  }
  return types;
}

async function challenge(intent: Stripe.PaymentIntent, verdict: 'pass' | 'fail') {
  const page = intent.next_action?.use_stripe_sdk?.['stripe_js'];
  const response = await fetch(`${String(page)}/${verdict}`, { method: 'POST' });
  expect(response.status).toBe(200);
}

describe('test cards', () => {
  const named = TEST_CARDS.flatMap((card) => card.names.map((name) => ({ name, card })));
  const by = (kind: string) => named.filter(({ card }) => card.outcome.kind === kind);

  it.each(by('approve'))('$name pays', async ({ name, card }) => {
    const intent = await sandbox.stripe.paymentIntents.create(
      payment(name, { expand: ['latest_charge', 'payment_method'] }),
    );
    expect(intent).toMatchObject({
      status: 'succeeded',
      amount_received: 2500,
      latest_charge: { paid: true, captured: true, payment_intent: intent.id },
      payment_method: { card: { last4: card.number.slice(-4), brand: card.brand } },
    });
  });

  it.each(by('decline'))('$name is declined', async ({ name, card }) => {
    if (card.outcome.kind !== 'decline') throw new Error('not a declining card');
    const { decline } = card.outcome;
    const error = await failureOf(sandbox.stripe.paymentIntents.create(payment(name)));
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({
      statusCode: 402,
      code: decline.code,
      decline_code: decline.declineCode ?? '',
      message: decline.message,
      payment_intent: {
        status: 'requires_payment_method',
        payment_method: null,
        last_payment_error: { code: decline.code },
      },
    });
    // The refusal is state, not only an answer.
    const stored = await sandbox.stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '', {
      expand: ['latest_charge'],
    });
    expect(stored.latest_charge).toMatchObject({
      status: 'failed',
      failure_code: decline.code,
      amount_captured: 0,
      balance_transaction: null,
    });
  });

  it.each(by('authenticate'))('$name asks for 3-D Secure', async ({ name, card }) => {
    if (card.outcome.kind !== 'authenticate') throw new Error('not a 3-D Secure card');
    const intent = await sandbox.stripe.paymentIntents.create(payment(name));
    expect(intent.status).toBe('requires_action');
    await challenge(intent, 'pass');
    const after = await sandbox.stripe.paymentIntents.retrieve(intent.id);
    const approved = card.outcome.afterwards.kind === 'approve';
    expect(after.status).toBe(approved ? 'succeeded' : 'requires_payment_method');
    expect(after.last_payment_error === null).toBe(approved);
  });

  it.each(by('process'))('$name takes its time', async ({ name, card }) => {
    if (card.outcome.kind !== 'process') throw new Error('not a card that takes its time');
    const approved = card.outcome.afterwards.kind === 'approve';
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment(name, { expand: ['latest_charge'] }));
    expect(intent).toMatchObject({ status: 'processing', latest_charge: { status: 'pending' } });
    const early = await failureOf(stripe.refunds.create({ payment_intent: intent.id }));
    expect(early.statusCode).toBe(400);
    expect((await failureOf(stripe.paymentIntents.cancel(intent.id))).code).toBe(
      'payment_intent_unexpected_state',
    );
    await eventually(async () => (await stripe.paymentIntents.retrieve(intent.id)).status).toBe(
      approved ? 'succeeded' : 'requires_payment_method',
    );
    const [charge] = (await stripe.charges.list({ payment_intent: intent.id })).data;
    expect(charge).toMatchObject({ paid: approved, amount_captured: approved ? 2500 : 0 });
    await eventually(() => eventsOf(intent.id)).toEqual([
      'payment_intent.created',
      'charge.pending',
      'payment_intent.processing',
      ...(approved
        ? ['charge.succeeded', 'payment_intent.succeeded', 'charge.updated']
        : ['charge.failed', 'payment_intent.payment_failed']),
    ]);
  });

  it('takes published test numbers and refuses all others', async () => {
    const { payment_method: _, ...rest } = payment('');
    const pay = (number: string) =>
      sandbox.stripe.paymentIntents.create({
        ...rest,
        // The types know tokens only; a browser sends numbers.
        payment_method_data: {
          type: 'card',
          ...{ card: { number, exp_month: 12, exp_year: 2031 } },
        },
      });
    expect((await pay('4242 4242 4242 4242')).status).toBe('succeeded');
    expect(await failureOf(pay('4242424242424241'))).toMatchObject({ code: 'incorrect_number' });
    // Passes the check digit, so it could be somebody's.
    expect(await failureOf(pay('4539578763621486'))).toMatchObject({
      code: 'card_declined',
      decline_code: 'test_mode_live_card',
    });
  });
});

describe('3-D Secure', () => {
  it('fails when the cardholder fails it, and another card may be tried', async () => {
    const intent = await sandbox.stripe.paymentIntents.create(
      payment('pm_card_threeDSecure2Required'),
    );
    await challenge(intent, 'fail');
    expect(await sandbox.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({
      status: 'requires_payment_method',
      latest_charge: null,
      last_payment_error: { code: 'payment_intent_authentication_failure' },
    });
    const paid = await sandbox.stripe.paymentIntents.confirm(intent.id, {
      payment_method: 'pm_card_visa',
    });
    expect(paid).toMatchObject({ status: 'succeeded', last_payment_error: null });
    await eventually(() => eventsOf(intent.id)).toEqual([
      'payment_intent.created',
      'payment_intent.requires_action',
      'payment_intent.payment_failed',
      'charge.succeeded',
      'payment_intent.succeeded',
      'charge.updated',
    ]);
  });

  it('sends the browser to its page and back', async () => {
    const intent = await sandbox.stripe.paymentIntents.create({
      ...payment('pm_card_authenticationRequired', { return_url: 'https://shop.example/back?a=1' }),
    });
    const page = intent.next_action?.redirect_to_url?.url ?? '';
    const shown = await fetch(page, { headers: { accept: 'text/html' } });
    expect(await shown.text()).toContain('25.00 EUR');
    const done = await fetch(`${page}/pass`, {
      method: 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(done.status).toBe(303);
    const back = new URL(done.headers.get('location') ?? '');
    expect(back.searchParams.get('a')).toBe('1');
    expect(back.searchParams.get('payment_intent')).toBe(intent.id);
    expect(back.searchParams.get('redirect_status')).toBe('succeeded');
    // Answered once, the page is gone: a second click moves no money.
    expect((await fetch(`${page}/fail`, { method: 'POST' })).status).toBe(404);
  });

  it('cannot be asked of somebody who is away', async () => {
    const error = await failureOf(
      sandbox.stripe.paymentIntents.create(
        payment('pm_card_authenticationRequired', { off_session: true }),
      ),
    );
    expect(error).toMatchObject({ code: 'authentication_required', statusCode: 402 });
  });

  it('ends with the intent', async () => {
    const intent = await sandbox.stripe.paymentIntents.create(
      payment('pm_card_authenticationRequired'),
    );
    await sandbox.stripe.paymentIntents.cancel(intent.id);
    const page = String(intent.next_action?.use_stripe_sdk?.['stripe_js']);
    expect((await fetch(`${page}/pass`, { method: 'POST' })).status).toBe(404);
    expect((await sandbox.stripe.paymentIntents.retrieve(intent.id)).status).toBe('canceled');
  });
});

describe('the browser', () => {
  const confirm = (id: string, form: Record<string, string>, key = PUBLISHABLE_KEY) =>
    fetch(`${sandbox.url}/v1/payment_intents/${id}/confirm`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: new URLSearchParams(form),
    });
  const open = () =>
    sandbox.stripe.paymentIntents.create({
      amount: 2500,
      currency: 'eur',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: { payment_id: 'pay_1' },
    });

  it('pays with the client secret and sees no more than it should', async () => {
    const intent = await open();
    expect(intent.status).toBe('requires_payment_method');
    const response = await confirm(intent.id, {
      client_secret: intent.client_secret ?? '',
      payment_method: 'pm_card_visa',
    });
    const seen = (await response.json()) as Record<string, unknown>;
    expect(seen).toMatchObject({ id: intent.id, status: 'succeeded' });
    expect(seen).not.toHaveProperty('metadata');
    expect(seen).not.toHaveProperty('latest_charge');
  });

  it('may call from any page', async () => {
    const asked = await fetch(`${sandbox.url}/v1/payment_intents/pi_1/confirm`, {
      method: 'OPTIONS',
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toContain('authorization');
    const refused = await confirm('pi_1', {});
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('is told of a decline without the private parts', async () => {
    const intent = await open();
    const response = await confirm(intent.id, {
      client_secret: intent.client_secret ?? '',
      payment_method: 'pm_card_visa_chargeDeclined',
    });
    expect(response.status).toBe(402);
    const { error } = (await response.json()) as { error: Stripe.StripeRawError };
    expect(error.payment_intent?.status).toBe('requires_payment_method');
    expect(error.payment_intent).not.toHaveProperty('metadata');
  });

  it('gets nowhere with a wrong secret, without one, or in the server’s routes', async () => {
    const intent = await open();
    const wrong = await confirm(intent.id, {
      client_secret: `${intent.id}_secret_guess`,
      payment_method: 'pm_card_visa',
    });
    expect(wrong.status).toBe(404);
    expect((await confirm(intent.id, { payment_method: 'pm_card_visa' })).status).toBe(400);
    const browser = clientOf(sandbox.url, PUBLISHABLE_KEY);
    expect(await failureOf(browser.paymentIntents.list())).toBeInstanceOf(
      Stripe.errors.StripePermissionError,
    );
    expect((await sandbox.stripe.paymentIntents.retrieve(intent.id)).status).toBe(
      'requires_payment_method',
    );
  });
});

describe('the life of an intent', () => {
  it('is updated, canceled, and then stays canceled', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create({
      amount: 900,
      currency: 'eur',
      metadata: { keep: '1', drop: '2' },
    });
    const updated = await stripe.paymentIntents.update(intent.id, {
      metadata: { drop: '', add: '3' },
      description: 'Puppy class',
    });
    expect(updated).toMatchObject({
      description: 'Puppy class',
      metadata: { keep: '1', add: '3' },
    });
    expect(updated.metadata).not.toHaveProperty('drop');
    const canceled = await stripe.paymentIntents.cancel(intent.id, {
      cancellation_reason: 'abandoned',
    });
    expect(canceled).toMatchObject({ status: 'canceled', cancellation_reason: 'abandoned' });
    const again = await failureOf(
      stripe.paymentIntents.confirm(intent.id, {
        payment_method: 'pm_card_visa',
        return_url: 'https://shop.example',
      }),
    );
    expect(again).toMatchObject({
      code: 'payment_intent_unexpected_state',
      payment_intent: { id: intent.id, status: 'canceled' },
    });
  });

  it('cannot be canceled once it is paid', async () => {
    const intent = await sandbox.stripe.paymentIntents.create(payment('pm_card_visa'));
    const error = await failureOf(sandbox.stripe.paymentIntents.cancel(intent.id));
    expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(error).toMatchObject({ code: 'payment_intent_unexpected_state' });
  });

  it('is paid or canceled, never both, however they race', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create({
      ...payment('pm_card_visa'),
      confirm: false,
    });
    const outcomes = await Promise.allSettled([
      stripe.paymentIntents.confirm(intent.id),
      stripe.paymentIntents.cancel(intent.id),
      stripe.paymentIntents.confirm(intent.id),
    ]);
    const { status } = await stripe.paymentIntents.retrieve(intent.id);
    expect(['succeeded', 'canceled']).toContain(status);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    const charges = await stripe.charges.list({ payment_intent: intent.id });
    expect(charges.data).toHaveLength(status === 'succeeded' ? 1 : 0);
  });

  it('needs a return URL where a method could redirect', async () => {
    const open = { ...payment('pm_card_visa'), automatic_payment_methods: { enabled: true } };
    const error = await failureOf(sandbox.stripe.paymentIntents.create(open));
    expect(error).toMatchObject({ param: 'return_url', statusCode: 400 });
    const paid = await sandbox.stripe.paymentIntents.create({
      ...open,
      return_url: 'https://shop.example',
    });
    expect(paid.status).toBe('succeeded');
  });

  it('gets its balance transaction by charge.updated, or at once with capture_method=automatic', async () => {
    const expand = ['latest_charge.balance_transaction'];
    const later = await sandbox.stripe.paymentIntents.create(payment('pm_card_visa', { expand }));
    expect(later.latest_charge).toMatchObject({ balance_transaction: null });
    await eventually(async () => {
      const intent = await sandbox.stripe.paymentIntents.retrieve(later.id, { expand });
      return intent.latest_charge;
    })
      // 1.5 % of 25.00 is 0.375, half a cent rounds up; plus 0.25.
      .toMatchObject({ balance_transaction: { amount: 2500, fee: 63, net: 2437 } });

    const now = await sandbox.stripe.paymentIntents.create(
      payment('pm_card_visa', { capture_method: 'automatic', expand }),
    );
    expect(now.latest_charge).toMatchObject({ balance_transaction: { fee: 63, type: 'charge' } });
  });
});

describe('finding intents', () => {
  it('searches by metadata', async () => {
    const { stripe } = sandbox;
    const metadata = { payment_id: "pay_it's" };
    const intent = await stripe.paymentIntents.create(payment('pm_card_visa', { metadata }));
    const find = async (query: string) =>
      (await stripe.paymentIntents.search({ query })).data.map(({ id }) => id);
    expect(await find("metadata['payment_id']:'pay_it\\'s'")).toEqual([intent.id]);
    expect(await find("metadata['payment_id']:'pay_it\\'s' AND status:'canceled'")).toEqual([]);
    expect(await find(`metadata["payment_id"]:"pay_it's" AND amount>=2500`)).toEqual([intent.id]);
    expect(await find("metadata['payment_id']:'other'")).toEqual([]);
    expect(await failureOf(stripe.paymentIntents.search({ query: 'nonsense' }))).toMatchObject({
      param: 'query',
    });
  });

  it('lists by customer and time, page by page, newest first', async () => {
    const { stripe } = sandbox;
    const customer = await stripe.customers.create({ email: 'ada@example.org' });
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const { id } = await stripe.paymentIntents.create({
        amount: 100 + index,
        currency: 'eur',
        customer: customer.id,
      });
      made.unshift(id);
    }
    const seen: string[] = [];
    for await (const { id } of stripe.paymentIntents.list({ customer: customer.id, limit: 2 })) {
      seen.push(id);
    }
    expect(seen).toEqual(made);
    const newer = await stripe.paymentIntents.list({
      customer: customer.id,
      ending_before: made[3] ?? '',
      limit: 2,
    });
    expect(newer.data.map(({ id }) => id)).toEqual([made[1], made[2]]);
    const soon = Math.floor(Date.now() / 1000) + 60;
    const none = await stripe.paymentIntents.list({ created: { gte: soon } });
    expect(none.data).toEqual([]);
  });
});
