import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type CommandBus,
  type CommandPorts,
  createCommandBus,
  type Principal,
} from '../commands/_runtime/index.ts';
import { commands } from '../commands/index.ts';
import { createSecrets } from '../commands/secrets.ts';
import { deriveId } from '../domain/_kernel/ids.ts';
import { type Mailbox, startMailbox } from '../embedded/mailbox/index.ts';
import {
  SECRET_KEY,
  startTestSandbox,
  type TestSandbox,
  WEBHOOK_SECRET,
} from '../embedded/stripe-sandbox/spec-kit.ts';
import { machine } from '../platform/host/index.ts';
import { createMailer, type Mailer } from '../platform/mail/index.ts';
import { createPool, type Pool } from '../platform/postgres/index.ts';
import { createStripeGateway, type StripeGateway } from '../platform/stripe/index.ts';
import { createTestDatabase, type TestDatabase } from '../test/support/database.ts';
import { type LogOfRecord, startLogOfRecord } from '../test/support/log-of-record.ts';
import { removeFolder } from '../test/support/remove-folder.ts';
import { type Sagas, startSagas } from './_runtime/index.ts';
import { createStripeInbox, type StripeInbox } from './follow-stripe/index.ts';
import {
  sagas as definitions,
  type FollowStripe,
  sagaEffects,
  startFollowStripe,
} from './index.ts';

let log: LogOfRecord;
let database: TestDatabase;
let sandbox: TestSandbox;
let mailbox: Mailbox;
let mails: string;
let mailer: Mailer;
let pool: Pool;
let inbox: StripeInbox;
let endpoint: Server;
let gateway: StripeGateway;
let bus: CommandBus;
let sagas: Sagas;
let follow: FollowStripe;
/** While set, webhooks get lost. */
let deaf = false;

const hashKey = randomBytes(32);
const secrets = createSecrets({
  blindIndexKey: randomBytes(32),
  giftCodeSecret: randomBytes(32),
  ticketSigningKey: randomBytes(32),
});
const staff: Principal = { kind: 'person', id: deriveId('mem', 'staff'), roles: ['staff'] };
const member: Principal = { kind: 'person', id: deriveId('mem', 'member'), roles: ['member'] };

beforeAll(async () => {
  [log, database] = await Promise.all([startLogOfRecord(), createTestDatabase()]);
  endpoint = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const signature = String(request.headers['stripe-signature']);
      const stored = deaf
        ? Promise.resolve()
        : inbox.receive(gateway.verifyWebhook(body, signature), body);
      stored.then(
        () => response.writeHead(200).end(),
        () => response.writeHead(503).end(),
      );
    });
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const { port } = endpoint.address() as AddressInfo;
  mails = mkdtempSync(join(tmpdir(), 'pawprint-mails-'));
  mailbox = await startMailbox({ directory: mails });
  sandbox = await startTestSandbox([
    { url: `http://127.0.0.1:${port}/hook`, secret: WEBHOOK_SECRET },
  ]);
  gateway = createStripeGateway({
    stripeSecretKey: SECRET_KEY,
    stripeApiBase: sandbox.url,
    stripeWebhookSecret: [WEBHOOK_SECRET],
  });
  mailer = createMailer({ smtpUrl: mailbox.smtpUrl, from: 'Pawprint <hello@pawprint.example>' });
  pool = createPool({ url: database.url, name: 'spec' });
  inbox = await createStripeInbox({ pool, key: randomBytes(32) });
  bus = busWith(gateway);
  await start();
});

afterAll(async () => {
  await stop();
  mailer.close();
  endpoint.closeAllConnections();
  endpoint.close();
  await Promise.all([mailbox.stop(), sandbox.stop(), pool.end()]);
  await Promise.all([log.stop(), database.drop()]);
  removeFolder(mails);
});

async function start(clock: () => number = Date.now): Promise<void> {
  const { eventStore } = log;
  sagas = await startSagas({
    eventStore,
    bus,
    url: database.url,
    definitions,
    effects: sagaEffects({ eventStore, gateway, mailer, secrets, log: log.log }),
    log: log.log,
    host: { ...machine, now: clock },
  });
  follow = await startFollowStripe({
    ...{ url: database.url, gateway, bus, log: log.log },
    statementPollSeconds: 1,
  });
}

async function stop(): Promise<void> {
  await Promise.all([sagas.stop(), follow.stop()]);
}

function busWith(
  payments: CommandPorts['payments'],
  eventStore: LogOfRecord['eventStore'] = log.eventStore,
): CommandBus {
  return createCommandBus({
    eventStore,
    ports: {
      payments,
      passwords: { hash: async () => '', verify: async () => true },
      secrets,
    },
    commands,
    hashKey,
    log: log.log,
  });
}

type Reply = { id: string; status: string; clientSecret: string };

async function execute(
  name: string,
  params: unknown,
  body: unknown,
  principal: Principal = staff,
): Promise<Reply> {
  const { reply } = await bus.execute(name, { params, body }, { principal, key: randomUUID() });
  return reply as Reply;
}

async function publishedActivity(changes: Record<string, unknown> = {}): Promise<string> {
  const { id } = await execute(
    'draft-activity',
    {},
    {
      ...{ title: 'Puppy morning', venue: 'Tiergarten', timeZone: 'Europe/Berlin' },
      ...{ startsAt: '2099-05-01T10:00:00+02:00', endsAt: '2099-05-01T12:00:00+02:00' },
      ...{ price: { amount: 2500, currency: 'EUR' }, capacity: 2, seatsPerMember: 100 },
      ...changes,
    },
  );
  await execute('publish-activity', { activityId: id }, {});
  return id;
}

const attendee = { name: 'Žofie 王', email: 'zofie@example.com' };

async function enroll(activityId: string): Promise<string> {
  const { id } = await execute('enroll', { activityId }, { attendee }, member);
  return id;
}

async function openPayment(enrollmentId: string): Promise<{ id: string; intentId: string }> {
  const paid = await execute('pay', { enrollmentId }, { method: 'card' }, member);
  return { id: paid.id, intentId: paid.clientSecret.split('_secret')[0] ?? '' };
}

const confirmCard = (intentId: string, method = 'pm_card_visa') =>
  sandbox.stripe.paymentIntents.confirm(intentId, {
    payment_method: method,
    return_url: 'http://127.0.0.1/',
  });

async function typesIn(stream: string): Promise<string[]> {
  return (await log.eventStore.readStream(stream)).map((event) => event.type);
}

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

const mailsAbout = async (enrollmentId: string) => {
  const list = await fetch(`${mailbox.httpUrl}/messages`);
  const { messages } = (await list.json()) as { messages: { id: string }[] };
  const all = await Promise.all(
    messages.map(async ({ id }) => {
      const answer = await fetch(`${mailbox.httpUrl}/messages/${id}`);
      return (await answer.json()) as Record<'text' | 'html' | 'subject', string>;
    }),
  );
  return all.filter(({ text }) => text.includes(enrollmentId));
};

/** Everything that was to be done is done: nothing waits, and nothing new came of it. */
const quiet = () =>
  until(async () => {
    const head = await log.eventStore.head();
    await sagas.consumer.reached(head, AbortSignal.timeout(10_000));
    expect(await sagas.inspect.stats()).toMatchObject({
      waiting: { commands: 0, sideEffects: 0 },
      dead: 0,
      parked: 0,
    });
    expect(await follow.stats()).toMatchObject({ pending: 0 });
    expect(await log.eventStore.head()).toBe(head);
  });

/** A process that dies between the two streams of `enroll`: the seat is taken, nothing else. */
const cutAfterTheSeat = (): CommandBus =>
  busWith(gateway, {
    ...log.eventStore,
    append: async (stream, ...rest) => {
      if (stream.startsWith('enrollment-')) throw new Error('cut');
      return log.eventStore.append(stream, ...rest);
    },
  });

/** Enrolls with one key, however often. */
function enrollBy(activityId: string) {
  const key = randomUUID();
  return async (on: CommandBus): Promise<unknown> => {
    const input = { params: { activityId }, body: { attendee } };
    return (await on.execute('enroll', input, { principal: member, key })).reply;
  };
}

const dataOf = async (stream: string, type: string) =>
  (await log.eventStore.readStream(stream)).find((event) => event.type === type)?.data as
    | Record<string, unknown>
    | undefined;

describe('the sagas on real parts', () => {
  it('confirm what was paid, issue the ticket and send one mail with it', async () => {
    const activityId = await publishedActivity();
    const enrollmentId = await enroll(activityId);
    const { id: paymentId, intentId } = await openPayment(enrollmentId);
    await confirmCard(intentId);
    await until(async () =>
      expect(await typesIn(`enrollment-${enrollmentId}`)).toEqual([
        ...['EnrollmentRequested', 'PaymentAttemptOpened'],
        ...['EnrollmentConfirmed', 'ConfirmationSent'],
      ]),
    );
    await until(async () =>
      expect(await typesIn(`payment-${paymentId}`)).toEqual([
        ...['PaymentStarted', 'PaymentIntentCreated', 'PaymentSucceeded', 'PaymentFeeCharged'],
      ]),
    );
    const [mail, ...others] = await mailsAbout(enrollmentId);
    expect(others).toEqual([]);
    expect(mail?.subject).toBe('Your ticket: Puppy morning');
    expect(mail?.text).toContain('Hello Žofie 王');
    expect(mail?.text).toContain('Friday 1 May 2099, 10:00 (Europe/Berlin)');
    expect(mail?.text).toContain('25.00 EUR');
    const ticket = mail?.text.split(/\r?\n/).find((line) => line.startsWith('PAW1.')) ?? '';
    expect(secrets.verifyTicket(ticket.trim())).toMatchObject({ enrollmentId, activityId });
    expect(mail?.html).toContain(ticket.trim());

    const { balanceTransactionId } =
      (await dataOf(`payment-${paymentId}`, 'PaymentFeeCharged')) ?? {};
    await until(async () =>
      expect(
        await dataOf(`statement-${balanceTransactionId}`, 'StatementLineRecorded'),
      ).toMatchObject({ paymentId, activityId, gross: 2500 }),
    );
  });

  it('release a hold that was not paid, and cancel its PaymentIntent', async () => {
    const activityId = await publishedActivity({
      startsAt: new Date(Date.now() + 1000).toISOString(),
    });
    const enrollmentId = await enroll(activityId);
    const { id: paymentId, intentId } = await openPayment(enrollmentId);
    await until(async () =>
      expect(await typesIn(`payment-${paymentId}`)).toContain('PaymentCancelled'),
    );
    const intent = await sandbox.stripe.paymentIntents.retrieve(intentId);
    expect(intent.status).toBe('canceled');
    await until(async () =>
      expect(await typesIn(`enrollment-${enrollmentId}`)).toEqual([
        ...['EnrollmentRequested', 'PaymentAttemptOpened'],
        ...['EnrollmentLapsed', 'PaymentAttemptClosed'],
      ]),
    );
  });

  it('wait for the bank when a hold ends; late money without a place goes back', async () => {
    const activityId = await publishedActivity({
      startsAt: new Date(Date.now() + 1500).toISOString(),
    });
    const enrollmentId = await enroll(activityId);
    const { id: paymentId, intentId } = await openPayment(enrollmentId);
    const asked = await confirmCard(intentId, 'pm_card_authenticationRequired');
    await until(async () =>
      expect(await typesIn(`enrollment-${enrollmentId}`)).toContain('EnrollmentLapsed'),
    );
    await quiet();
    await fetch(`${asked.next_action?.redirect_to_url?.url}/pass`, { method: 'POST' });
    await until(async () =>
      expect(await typesIn(`payment-${paymentId}`)).toEqual(
        expect.arrayContaining(['PaymentSucceeded', 'RefundRequested', 'RefundSettled']),
      ),
    );
    await until(async () =>
      expect(await dataOf(`enrollment-${enrollmentId}`, 'PaymentAttemptClosed')).toMatchObject({
        cause: 'refunded',
      }),
    );
    const refunds = await sandbox.stripe.refunds.list({ payment_intent: intentId });
    expect(refunds.data.map(({ amount }) => amount)).toEqual([2500]);
  });

  it('give everything back when an enrollment is cancelled, and the seat to who waits', async () => {
    const activityId = await publishedActivity({ capacity: 1, waitlist: true });
    const first = await enroll(activityId);
    const { id: paymentId, intentId } = await openPayment(first);
    await confirmCard(intentId);
    await until(async () =>
      expect(await typesIn(`enrollment-${first}`)).toContain('ConfirmationSent'),
    );
    const second = await execute(
      'enroll',
      { activityId },
      { attendee, joinWaitlist: true },
      member,
    );
    expect(second.status).toBe('waitlisted');
    await execute('cancel-enrollment', { enrollmentId: first }, {}, member);
    await until(async () =>
      expect(await typesIn(`payment-${paymentId}`)).toContain('RefundSettled'),
    );
    const ticketId = deriveId('tkt', first);
    await until(async () => expect(await typesIn(`ticket-${ticketId}`)).toContain('TicketVoided'));
    await until(async () =>
      expect(await typesIn(`enrollment-${second.id}`)).toContain('EnrollmentPromoted'),
    );
    await confirmCard((await openPayment(second.id)).intentId);
    await until(async () =>
      expect(await typesIn(`enrollment-${second.id}`)).toContain('EnrollmentConfirmed'),
    );
  });

  it('end every enrollment of a cancelled activity, and give all money back', async () => {
    const activityId = await publishedActivity({ capacity: 2, waitlist: true });
    const paid = await enroll(activityId);
    const { id: paymentId, intentId } = await openPayment(paid);
    await confirmCard(intentId);
    await until(async () =>
      expect(await typesIn(`enrollment-${paid}`)).toContain('ConfirmationSent'),
    );
    const held = await enroll(activityId);
    const unpaid = await openPayment(held);
    const asked = { attendee, joinWaitlist: true };
    const { id: waiting } = await execute('enroll', { activityId }, asked, member);
    await execute('cancel-activity', { activityId }, { reason: 'Thunderstorm warning' });

    for (const enrollmentId of [paid, held, waiting]) {
      await until(async () =>
        expect(await dataOf(`enrollment-${enrollmentId}`, 'EnrollmentCancelled')).toMatchObject({
          cause: 'activity-cancelled',
        }),
      );
    }
    await until(async () =>
      expect(await dataOf(`payment-${paymentId}`, 'RefundSettled')).toMatchObject({
        amount: { amount: 2500 },
      }),
    );
    await until(async () =>
      expect(await typesIn(`payment-${unpaid.id}`)).toContain('PaymentCancelled'),
    );
    await until(async () =>
      expect(await dataOf(`ticket-${deriveId('tkt', paid)}`, 'TicketVoided')).toMatchObject({
        cause: 'activity-cancelled',
      }),
    );
    expect(await dataOf(`seating-${activityId}`, 'SeatsCleared')).toEqual({
      ...{ activityId, released: 3, remaining: 0 },
    });
    await quiet();
    // A seat that was given back with its activity is not given back again, nor to anybody else.
    expect((await typesIn(`seating-${activityId}`)).slice(-5)).toEqual([
      ...['SeatingClosed', 'SeatReleased', 'SeatReleased', 'SeatReleased', 'SeatsCleared'],
    ]);
  });

  it('find out about a payment whose webhooks all got lost', async () => {
    const enrollmentId = await enroll(await publishedActivity());
    const { intentId } = await openPayment(enrollmentId);
    await quiet();
    deaf = true;
    await confirmCard(intentId);
    await stop();
    deaf = false;
    // Two minutes later, to the timers.
    await start(() => Date.now() + 2 * 60_000);
    await until(async () =>
      expect(await typesIn(`enrollment-${enrollmentId}`)).toContain('ConfirmationSent'),
    );
    await stop();
    await start();
  });

  it('give a free seat back whose enrollment never came, and its repeat is told so', async () => {
    const activityId = await publishedActivity({
      ...{ price: { amount: 0, currency: 'EUR' }, capacity: 1, seatsPerMember: 1 },
    });
    const enrollWith = enrollBy(activityId);
    await expect(enrollWith(cutAfterTheSeat())).rejects.toThrow('cut');
    const { enrollmentId } = (await dataOf(`seating-${activityId}`, 'SeatConfirmed')) ?? {};
    await quiet();
    await stop();
    // Six minutes later, to the timers.
    await start(() => Date.now() + 6 * 60_000);
    await until(async () =>
      expect(await dataOf(`seating-${activityId}`, 'SeatReleased')).toMatchObject({
        ...{ enrollmentId, was: 'confirmed', cause: 'cancelled' },
      }),
    );
    await expect(enrollWith(bus)).rejects.toMatchObject({ rejection: { code: 'lapsed' } });
    expect(await typesIn(`enrollment-${enrollmentId}`)).toEqual([]);
    // The seat is anybody's again, and does not count against the member.
    expect(await execute('enroll', { activityId }, { attendee }, member)).toMatchObject({
      status: 'confirmed',
    });
    await stop();
    await start();
  });

  it('write no enrollment whose hold ended before the repeat; a whole one keeps its answer', async () => {
    const activityId = await publishedActivity({
      startsAt: new Date(Date.now() + 1000).toISOString(),
    });
    const [whole, cut] = [enrollBy(activityId), enrollBy(activityId)];
    const answer = await whole(bus);
    await expect(cut(cutAfterTheSeat())).rejects.toThrow('cut');
    const releases = async () =>
      (await typesIn(`seating-${activityId}`)).filter((type) => type === 'SeatReleased');
    await until(async () => expect(await releases()).toHaveLength(2));
    await expect(cut(bus)).rejects.toMatchObject({ rejection: { code: 'hold-expired' } });
    expect(await whole(bus)).toEqual(answer);
  });

  it('open a payment that was cut between Stripe and our log', async () => {
    const enrollmentId = await enroll(await publishedActivity());
    let intentId = '';
    const cutBus = busWith({
      ...gateway,
      createIntent: async (input) => {
        intentId = (await gateway.createIntent(input)).intentId;
        throw new Error('cut');
      },
    });
    await expect(
      cutBus.execute(
        'pay',
        { params: { enrollmentId }, body: { method: 'card' } },
        { principal: member, key: randomUUID() },
      ),
    ).rejects.toThrow('cut');
    await confirmCard(intentId);
    await until(async () =>
      expect(await typesIn(`enrollment-${enrollmentId}`)).toContain('EnrollmentConfirmed'),
    );
  });

  it('send nothing and refund nothing again when all saga tables are lost', async () => {
    await quiet();
    await stop();
    const before = await sandbox.stripe.refunds.list({ limit: 100 });
    const enrollments = await enrollmentsWithMail();
    expect(enrollments.length).toBeGreaterThan(0);
    await pool.query('drop schema saga cascade');
    await start();
    await quiet();
    expect((await sandbox.stripe.refunds.list({ limit: 100 })).data).toEqual(before.data);
    expect(await enrollmentsWithMail()).toEqual(enrollments);
  });
});

const enrollmentsWithMail = async (): Promise<string[]> => {
  const list = await fetch(`${mailbox.httpUrl}/messages`);
  const { messages } = (await list.json()) as { messages: { id: string }[] };
  return messages.map(({ id }) => id);
};
