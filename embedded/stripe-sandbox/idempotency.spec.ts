import pg from 'pg';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  clientOf,
  failureOf,
  payment,
  startTestSandbox,
  type TestSandbox,
  uniqueKey,
} from './spec-kit.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.stop());

/** Every payment of the spec carries a mark, so that they can be counted. */
const marked = (mark: string) => payment('pm_card_visa', { metadata: { mark } });
const countOf = async (mark: string) =>
  (await sandbox.stripe.paymentIntents.search({ query: `metadata['mark']:'${mark}'` })).data.length;

describe('an idempotency key', () => {
  it('used 50 times at once makes one payment and 50 equal answers', async () => {
    const idempotencyKey = uniqueKey();
    // A conflict is retried by the client, as in production.
    const client = clientOf(sandbox.url, undefined, 8);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        client.paymentIntents.create(marked(idempotencyKey), { idempotencyKey }),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await countOf(idempotencyKey)).toBe(1);
    const charges = await sandbox.stripe.charges.list({ payment_intent: answers[0]?.id ?? '' });
    expect(charges.data).toHaveLength(1);
  });

  it('answers a repeat in flight with 409', async () => {
    const idempotencyKey = uniqueKey();
    const impatient = clientOf(sandbox.url, undefined, 0);
    const { id } = await sandbox.stripe.paymentIntents.create({
      ...payment('pm_card_visa'),
      confirm: false,
    });
    // While somebody else holds the intent's row, whoever comes first cannot finish.
    const holder = new pg.Client({ connectionString: sandbox.databaseUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM stripe_sandbox.objects WHERE id = $1 FOR UPDATE', [id]);
    const calls = [1, 2].map(() => impatient.paymentIntents.confirm(id, {}, { idempotencyKey }));
    const refusal = await failureOf(Promise.race(calls));
    expect(refusal).toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    expect(refusal.headers?.['stripe-should-retry']).toBe('true');
    await holder.query('ROLLBACK');
    await holder.end();
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });

  it('answers a repeat with the first answer, marked, also after a restart', async () => {
    const idempotencyKey = uniqueKey();
    const first = await sandbox.stripe.paymentIntents.create(marked(idempotencyKey), {
      idempotencyKey,
    });
    await sandbox.restart();
    const again = await sandbox.stripe.paymentIntents.create(marked(idempotencyKey), {
      idempotencyKey,
    });
    expect(again).toEqual(first);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(again.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
    expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
  });

  it('with other parameters, or at another endpoint, is refused', async () => {
    const idempotencyKey = uniqueKey();
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(marked(idempotencyKey), { idempotencyKey });
    for (const call of [
      () =>
        stripe.paymentIntents.create({ ...marked(idempotencyKey), amount: 1 }, { idempotencyKey }),
      () => stripe.refunds.create({ payment_intent: intent.id }, { idempotencyKey }),
    ]) {
      const error = await failureOf(call());
      expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    }
    expect((await stripe.refunds.list({ payment_intent: intent.id })).data).toEqual([]);
  });

  it('keeps a decline: the repeat does not try the card again', async () => {
    const idempotencyKey = uniqueKey();
    const decline = () =>
      failureOf(
        sandbox.stripe.paymentIntents.create(
          payment('pm_card_visa_chargeDeclined', { metadata: { mark: idempotencyKey } }),
          { idempotencyKey },
        ),
      );
    const [first, again] = [await decline(), await decline()];
    expect(again.charge).toBe(first.charge);
    expect(await countOf(idempotencyKey)).toBe(1);
  });

  it('keeps a refusal by the state, but not a parameter that did not parse', async () => {
    const { stripe } = sandbox;
    const intent = await stripe.paymentIntents.create(payment('pm_card_visa'));
    const idempotencyKey = uniqueKey();
    const tooMuch = { payment_intent: intent.id, amount: 2501 };
    const first = await failureOf(stripe.refunds.create(tooMuch, { idempotencyKey }));
    const again = await failureOf(stripe.refunds.create(tooMuch, { idempotencyKey }));
    expect(again.headers?.['idempotent-replayed']).toBe('true');
    expect(again.message).toBe(first.message);

    const typo = uniqueKey();
    const wrong = await failureOf(
      stripe.rawRequest('POST', '/v1/refunds', { intent: intent.id }, { idempotencyKey: typo }),
    );
    expect(wrong.code).toBe('parameter_unknown');
    const refund = await stripe.refunds.create(
      { payment_intent: intent.id },
      { idempotencyKey: typo },
    );
    expect(refund.amount).toBe(2500);
  });
});
