import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandRefused, OutcomeUnknown } from '../../commands/_runtime/errors.ts';
import type { CommandRequest } from '../../commands/_runtime/index.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { StripeRefusedError } from '../../platform/stripe/errors.ts';
import type {
  IntentAtStripe,
  ObservedLine,
  StripeGateway,
  StripeWebhook,
} from '../../platform/stripe/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import type { SagaBus } from '../_runtime/index.ts';
import {
  createStripeInbox,
  type FollowStripe,
  type StripeInbox,
  startFollowStripe,
} from './index.ts';

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
const paymentId = deriveId('pay', 'spec');
const enrollmentId = deriveId('enr', 'spec');
const activityId = deriveId('act', 'spec');
const none = { paymentId: null, enrollmentId: null, activityId: null, refundId: null };

let database: TestDatabase;
let pool: Pool;
let inbox: StripeInbox;
const running: FollowStripe[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
beforeEach(async () => {
  inbox = await createStripeInbox({ pool, key: randomBytes(32) });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((follow) => follow.stop()));
  await pool.query('drop schema stripe cascade');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const until = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 10_000, interval: 10 });

function webhook(object: StripeWebhook['object'], id = `evt_${randomUUID()}`): StripeWebhook {
  return { id, type: 'payment_intent.succeeded', object, payloadHash: 'hash' };
}
const receive = (event: StripeWebhook) => inbox.receive(event, Buffer.from('{"secret":"Zoë"}'));
const intent = (id: string) => ({ type: 'payment_intent', id });

function intentAt(id: string, status: 'processing' | 'succeeded' = 'succeeded'): IntentAtStripe {
  return {
    ids: { ...none, paymentId, enrollmentId },
    observed: {
      ...{ intentId: id, status, amountReceived: 2500, currency: 'eur' },
      ...{ chargeId: 'ch_1', paidAt: '2026-05-01T08:00:00.000Z', balanceTransaction: null },
      ...{ decline: null, cancellationReason: null },
    },
  };
}

/** Stripe as a spec wants it; whatever it does not say is not asked for. */
function stripe(answers: Partial<StripeGateway>): StripeGateway {
  const never = () => Promise.reject(new Error('nobody asks this here'));
  return {
    createIntent: never,
    clientSecret: never,
    fetchIntent: never,
    findIntent: never,
    cancelIntent: never,
    refund: never,
    fetchRefund: never,
    listBalanceTransactions: async () => ({ lines: [], hasMore: false }),
    verifyWebhook: () => {
      throw new Error('nobody verifies here');
    },
    ...answers,
  };
}

type Sent = { name: string; params: unknown; body: unknown; request: CommandRequest };

function notingBus(how: (sent: Sent) => void = () => undefined): { bus: SagaBus; sent: Sent[] } {
  const sent: Sent[] = [];
  const execute: SagaBus['execute'] = async (name, { params, body }, request) => {
    const entry = { name, params, body, request };
    sent.push(entry);
    how(entry);
    return { reply: {}, replayed: false, revision: 0, position: null };
  };
  return { bus: { execute }, sent };
}

async function start(
  gateway: StripeGateway,
  bus: SagaBus,
  statementThoroughSeconds = 0.05,
  logger = log,
): Promise<FollowStripe> {
  const follow = await startFollowStripe({
    ...{ url: database.url, gateway, bus, log: logger },
    statementPollSeconds: 0.05,
    statementThoroughSeconds,
  });
  running.push(follow);
  return follow;
}

const rowsOf = async () =>
  (
    await pool.query<{ event_id: string; status: string; reason: string | null; attempts: number }>(
      'select event_id, status, reason, attempts from stripe.inbox order by event_id',
    )
  ).rows;

describe('the inbox', () => {
  it('takes what came together though Postgres refuses one of it', async () => {
    // The first is under way while the others gather.
    const outcomes = await Promise.allSettled([
      receive(webhook(intent('pi_1'), 'evt_first')),
      receive(webhook(intent('pi_1'), 'evt_good')),
      receive(webhook(intent('pi_\0'), 'evt_bad')),
      receive(webhook(intent('pi_1'), 'evt_good')),
    ]);
    expect(outcomes).toMatchObject([
      { value: 'new' },
      { value: 'new' },
      { status: 'rejected', reason: { code: '22021' } },
      { value: 'repeat' },
    ]);
  });

  it('takes each webhook once, for ever, and keeps its body encrypted', async () => {
    const event = webhook(intent('pi_1'), 'evt_once');
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => receive(event)));
    expect(outcomes.filter((outcome) => outcome === 'new')).toHaveLength(1);
    const { rows } = await pool.query<{ body_encrypted: Buffer }>(
      'select body_encrypted from stripe.inbox',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.body_encrypted.includes('Zoë')).toBe(false);
    expect((await inbox.body('evt_once'))?.toString()).toBe('{"secret":"Zoë"}');
    expect(await inbox.body('evt_other')).toBeNull();
  });

  it('keeps what nothing follows from, with the reason', async () => {
    await receive(webhook({ type: 'dispute', id: 'dp_1' }, 'evt_a'));
    await receive(webhook(null, 'evt_b'));
    expect(await rowsOf()).toMatchObject([
      { status: 'ignored', reason: 'nothing follows from a dispute' },
      { status: 'ignored', reason: 'it names no object' },
    ]);
  });
});

describe('what follows from webhooks', () => {
  it('is one look at the object, however many there are', async () => {
    for (let n = 0; n < 100; n += 1) await receive(webhook(intent('pi_1')));
    let looks = 0;
    const { bus, sent } = notingBus();
    const gateway = stripe({
      fetchIntent: async (id) => {
        looks += 1;
        return intentAt(id);
      },
    });
    const follow = await start(gateway, bus);
    await until(async () => expect((await follow.stats()).pending).toBe(0));
    expect(looks).toBe(1);
    expect(sent).toMatchObject([
      {
        name: 'record-stripe-state',
        params: { paymentId },
        body: { enrollmentId, observed: { intentId: 'pi_1', status: 'succeeded' } },
        request: { principal: { kind: 'stripe', id: 'webhook' } },
      },
    ]);
    expect(new Set((await rowsOf()).map(({ status }) => status))).toEqual(new Set(['processed']));
  });

  it('is another look for what arrives during one; the same sight is the same command', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const statuses = ['processing', 'succeeded', 'succeeded'] as const;
    let looks = 0;
    const { bus, sent } = notingBus();
    const gateway = stripe({
      fetchIntent: async (id) => {
        const status = statuses[looks] ?? 'succeeded';
        looks += 1;
        if (looks === 1) await gate;
        return intentAt(id, status);
      },
    });
    const follow = await start(gateway, bus);
    await receive(webhook(intent('pi_1')));
    await until(() => expect(looks).toBe(1));
    await receive(webhook(intent('pi_1')));
    open();
    await until(async () => expect((await follow.stats()).pending).toBe(0));
    await receive(webhook(intent('pi_1')));
    await until(() => expect(looks).toBe(3));
    await until(async () => expect((await follow.stats()).pending).toBe(0));
    const ids = sent.map(({ request }) => request.commandId);
    expect(ids).toHaveLength(3);
    expect(ids[1]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('is not answered by a look whose lease somebody else took over', async () => {
    let looks = 0;
    const { bus } = notingBus();
    const gateway = stripe({
      fetchIntent: async (id) => {
        looks += 1;
        if (looks === 1) {
          await pool.query(
            `update stripe.object_leases set fence = nextval('stripe.fences'),
                    lease_until = clock_timestamp() + interval '1 hour'`,
          );
        }
        return intentAt(id);
      },
    });
    const noted: string[] = [];
    const noting = Object.assign(Object.create(log) as typeof log, {
      warn: (_about: unknown, message: string) => noted.push(message),
    });
    const follow = await start(gateway, bus, 3600, noting);
    await receive(webhook(intent('pi_1')));
    await until(() => expect(noted).toContain('the end of a look could not be recorded'));
    expect(await rowsOf()).toMatchObject([{ status: 'pending', attempts: 0 }]);
    await pool.query('update stripe.object_leases set lease_until = clock_timestamp()');
    await until(async () => expect((await follow.stats()).pending).toBe(0));
    expect(looks).toBe(2);
  });

  it('is nothing for objects that are not ours', async () => {
    await receive(webhook(intent('pi_a'), 'evt_a'));
    await receive(webhook(intent('pi_b'), 'evt_b'));
    const { bus, sent } = notingBus();
    const gateway = stripe({
      fetchIntent: async (id) => (id === 'pi_a' ? null : { ...intentAt(id), ids: none }),
    });
    const follow = await start(gateway, bus);
    await until(async () => expect((await follow.stats()).pending).toBe(0));
    expect(sent).toEqual([]);
    expect(await rowsOf()).toMatchObject([
      { status: 'ignored', reason: 'Stripe has no such PaymentIntent' },
      { status: 'ignored', reason: 'not ours: no payment_id in the metadata' },
    ]);
  });

  it('is tried again after an outage, and said when the log disagrees', async () => {
    let outages = 2;
    const { bus, sent } = notingBus(() => {
      if (outages-- > 0) throw new Error('away');
      throw new CommandRefused(rejected('amount-mismatch', 'Another amount.'));
    });
    await receive(webhook(intent('pi_1')));
    const follow = await start(stripe({ fetchIntent: async (id) => intentAt(id) }), bus);
    await until(async () => expect((await follow.stats()).pending).toBe(0));
    expect(sent).toHaveLength(3);
    expect(await rowsOf()).toMatchObject([
      { status: 'processed', reason: 'refused: amount-mismatch', attempts: 3 },
    ]);
  });

  it('goes on together when an outage ends, however many objects have paused for long', async () => {
    const [first, ...others] = ['pi_1', 'pi_2', 'pi_3', 'pi_4'];
    let away = true;
    const { bus } = notingBus(() => {
      if (away) throw new OutcomeUnknown('cut');
    });
    for (const id of [first, ...others]) await receive(webhook(intent(id ?? ''), `evt_${id}`));
    const follow = await start(stripe({ fetchIntent: async (id) => intentAt(id) }), bus);
    // As of many in a long outage.
    await until(async () => {
      const paused = await pool.query(
        `update stripe.inbox set next_attempt_at = clock_timestamp() + interval '14 seconds'
          where status = 'pending' and attempts > 0 and object_id = any ($1)`,
        [others],
      );
      expect(paused.rowCount).toBe(others.length);
    });
    away = false;
    await until(async () => expect((await follow.stats()).pending).toBe(0));
  });

  it('is given up on when it can never work, until a later look answers it, too', async () => {
    let hopeless = true;
    const looks: string[] = [];
    const gateway = stripe({
      fetchIntent: async (id) => {
        looks.push(id);
        if (hopeless && id === 'pi_1') throw new StripeRefusedError('api_key', 'not for you');
        return intentAt(id);
      },
    });
    const { bus } = notingBus();
    await receive(webhook(intent('pi_1'), 'evt_1'));
    const follow = await start(gateway, bus);
    await until(async () => expect((await follow.stats()).dead).toBe(1));
    // Whatever would be tried again is tried before this one is through.
    await receive(webhook(intent('pi_2'), 'evt_2'));
    await until(() => expect(looks).toContain('pi_2'));
    expect(looks).toEqual(['pi_1', 'pi_2']);
    expect((await rowsOf())[0]).toMatchObject({ status: 'dead', attempts: 1 });

    hopeless = false;
    await receive(webhook(intent('pi_1'), 'evt_3'));
    await until(async () =>
      expect((await rowsOf()).map(({ status }) => status)).toEqual(Array(3).fill('processed')),
    );
    expect(await follow.stats()).toMatchObject({ pending: 0, dead: 0 });
  });

  it('is given up on after a number of attempts at what nobody knows', async () => {
    await receive(webhook(intent('pi_1'), 'evt_1'));
    await pool.query('update stripe.inbox set attempts = 10');
    const { bus } = notingBus();
    const gateway = stripe({ fetchIntent: () => Promise.reject(new TypeError('a bug')) });
    const follow = await start(gateway, bus);
    await until(async () => expect((await rowsOf())[0]?.attempts).toBe(11));
    expect((await rowsOf())[0]?.status).toBe('pending');
    await pool.query('update stripe.inbox set next_attempt_at = clock_timestamp()');
    await until(async () => expect((await follow.stats()).dead).toBe(1));
  });

  it('is the end of a refund', async () => {
    const refundId = deriveId('ref', 'spec');
    await receive(webhook({ type: 'refund', id: 're_ok' }, 'evt_ok'));
    await receive(webhook({ type: 'refund', id: 're_bad' }, 'evt_bad'));
    const { bus, sent } = notingBus();
    const gateway = stripe({
      fetchRefund: async (id) => ({
        ...{ stripeRefundId: id, balanceTransactionId: 'txn_1', intentId: 'pi_1' },
        ids: { ...none, paymentId, refundId },
        ...(id === 're_ok'
          ? { status: 'succeeded' as const, code: '' }
          : { status: 'failed' as const, code: 'lost_or_stolen_card' }),
      }),
    });
    await start(gateway, bus);
    await until(() => expect(sent).toHaveLength(2));
    expect(sent.toSorted((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      {
        name: 'fail-refund',
        params: { paymentId },
        body: { refundId, stripeRefundId: 're_bad', code: 'lost_or_stolen_card' },
      },
      {
        name: 'settle-refund',
        params: { paymentId },
        body: { refundId, stripeRefundId: 're_ok', balanceTransactionId: 'txn_1' },
      },
    ]);
  });
});

describe('the clock of the database', () => {
  it('set back a day lets nothing wait for a day: no pause, and no lease of a killed worker', async () => {
    await receive(webhook(intent('pi_1'), 'evt_paused'));
    await receive(webhook(intent('pi_2'), 'evt_leased'));
    await pool.query(
      `update stripe.inbox set next_attempt_at = now() + interval '1 day' where event_id = 'evt_paused';
       insert into stripe.object_leases (object_id, fence, lease_until)
       values ('pi_2', 0, now() + interval '1 day'),
              ('balance-transactions', 0, now() + interval '1 day')`,
    );
    let sweeps = 0;
    const gateway = stripe({
      fetchIntent: async (id) => intentAt(id),
      listBalanceTransactions: async () => {
        sweeps += 1;
        return { lines: [], hasMore: false };
      },
    });
    await start(gateway, notingBus().bus);
    await until(async () =>
      expect((await rowsOf()).map(({ status }) => status)).toEqual(['processed', 'processed']),
    );
    await until(() => expect(sweeps).toBeGreaterThan(0));
  });
});

describe('the statement', () => {
  const line = (n: number, changes: Partial<ObservedLine> = {}): ObservedLine => ({
    ...{ balanceTransactionId: `txn_${n}`, type: 'charge', reportingCategory: 'charge' },
    ...{ gross: 2500, fee: 63, net: 2437, currency: 'EUR', sourceId: `ch_${n}` },
    ids: { ...none, paymentId, activityId },
    intentId: `pi_${n}`,
    bookedAt: '2026-05-01T08:00:00.000Z',
    availableAt: '2026-05-03T08:00:00.000Z',
    created: 1_777_000_000 + n,
    ...changes,
  });

  /** Stripe's list: newest first, in pages of two. */
  const listing = (lines: () => readonly ObservedLine[], asked: number[]) =>
    stripe({
      listBalanceTransactions: async ({ createdFrom, after }) => {
        asked.push(createdFrom);
        const all = lines()
          .filter(({ created }) => created >= createdFrom)
          .toSorted((a, b) => b.created - a.created);
        const from = all.findIndex((one) => one.balanceTransactionId === after) + 1;
        return { lines: all.slice(from, from + 2), hasMore: all.length > from + 2 };
      },
    });
  const recorded = (sent: readonly Sent[]) =>
    sent.map(({ params }) => (params as { balanceTransactionId: string }).balanceTransactionId);

  it('is read to its end, then from where it ended, with late lines', async () => {
    let lines = [1, 2, 3, 4, 5].map((n) => line(n));
    const asked: number[] = [];
    const { bus, sent } = notingBus();
    await start(
      listing(() => lines, asked),
      bus,
    );
    await until(() =>
      expect(recorded(sent).toSorted()).toEqual(lines.map((l) => l.balanceTransactionId)),
    );
    // One that turns up late, and a new one.
    lines = [...lines, line(6), line(0)];
    await until(() => expect(sent).toHaveLength(7));
    expect(recorded(sent)).toContain('txn_0');
    expect(asked[0]).toBe(0);
    expect(asked.at(-1)).toBeGreaterThan(1_777_000_000 - 3601);
    expect(sent[0]).toMatchObject({
      name: 'record-statement-line',
      body: {
        gross: 2500,
        fee: 63,
        net: 2437,
        paymentId,
        activityId,
        sourceId: expect.any(String),
      },
    });
    expect(Object.keys(sent[0]?.body as object)).not.toContain('created');
  });

  it('is read no further than to what is known, but for a thorough look now and then', async () => {
    let lines = Array.from({ length: 20 }, (_, n) => line(n));
    const asked: number[] = [];
    const { bus, sent } = notingBus();
    const gateway = listing(() => lines, asked);
    const follow = await start(gateway, bus, 3600);
    // The first sweep is a thorough one: all ten pages.
    await until(() => expect(sent).toHaveLength(20));
    await until(() => expect(asked.length).toBeGreaterThan(10));
    const before = asked.length;
    lines = [...lines, line(20), line(21), line(22), line(-1)];
    await until(() => expect(recorded(sent)).toContain('txn_22'));
    // Two pages with the three new lines, and one without any.
    await until(() => expect(asked.length).toBeGreaterThan(before + 4));
    expect(recorded(sent)).not.toContain('txn_-1');
    running.splice(running.indexOf(follow), 1);
    await follow.stop();
    await start(gateway, bus, 3600);
    await until(() => expect(recorded(sent)).toContain('txn_-1'));
    expect(sent).toHaveLength(24);
  });

  it('goes on with the page where it was cut', async () => {
    const lines = [1, 2, 3, 4].map((n) => line(n));
    const first = notingBus(({ params }) => {
      if ((params as { balanceTransactionId: string }).balanceTransactionId === 'txn_1') {
        throw new Error('away');
      }
    });
    const cut = await start(
      listing(() => lines, []),
      first.bus,
    );
    await until(() => expect(recorded(first.sent)).toContain('txn_1'));
    running.splice(running.indexOf(cut), 1);
    await cut.stop();
    const second = notingBus();
    await start(
      listing(() => lines, []),
      second.bus,
    );
    await until(() => expect(recorded(second.sent)).toContain('txn_1'));
    expect(recorded(second.sent)).not.toContain('txn_4');
  });

  it('asks the intent for ids that a refund made by hand does not have', async () => {
    const { bus, sent } = notingBus();
    const gateway = {
      ...listing(() => [line(1, { ids: none }), line(2, { ids: none, intentId: null })], []),
      fetchIntent: async (id: string) => ({
        ...intentAt(id),
        ids: { ...none, paymentId, activityId },
      }),
    };
    await start(gateway, bus);
    await until(() => expect(sent).toHaveLength(2));
    const byLine = sent.toSorted((a, b) =>
      (recorded([a])[0] ?? '').localeCompare(recorded([b])[0] ?? ''),
    );
    expect(byLine).toMatchObject([
      { params: { balanceTransactionId: 'txn_1' }, body: { paymentId, activityId } },
      { params: { balanceTransactionId: 'txn_2' }, body: { paymentId: null, activityId: null } },
    ]);
  });

  it('goes on past a line that differs from what was recorded', async () => {
    const { bus, sent } = notingBus(({ params }) => {
      if ((params as { balanceTransactionId: string }).balanceTransactionId === 'txn_1') {
        throw new CommandRefused(rejected('statement-changed', 'It differs.'));
      }
    });
    await start(
      listing(() => [line(1), line(2)], []),
      bus,
    );
    await until(() => expect(recorded(sent)).toEqual(['txn_1', 'txn_2']));
  });
});
