import { createHmac, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Answer } from '../../embedded/demo/client/http.ts';
import * as shapes from '../../embedded/demo/client/shapes.ts';
import { until } from '../../embedded/demo/client/wait.ts';
import { consistencyOf, type Driver, good, parsed } from '../acceptance/driver.ts';
import type { TestPlatform } from '../support/platform.ts';
import { nextAddress } from './addresses.ts';
import type { Target } from './api.ts';

/** What makes a request of a route one that is taken: real things, of which nobody else knows. */
export type Supply = {
  readonly path?: Readonly<Record<string, string>>;
  /** Fields of the body; what else it has to have comes out of the route's example. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The whole body, byte for byte. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A registered person with a token of the roles that a request needs. */
export type Somebody = { readonly id: string; readonly token: string };

type Makers = {
  readonly driver: Driver;
  readonly platform: TestPlatform;
  readonly webhookSecret: string;
  /** A registered person who may do everything; another one each time. */
  nextPerson(): Promise<Somebody>;
  /** Whose things are read, where only the owner may. */
  owner(): Promise<Somebody>;
};

/** Makes for one route what it needs. */
type Make = (kit: Kit) => Promise<Supply>;

type Kit = ReturnType<typeof kitOf>;

/** The client's steps to things in each of their states. */
function kitOf(makers: Makers) {
  const { driver, nextPerson, owner, platform } = makers;
  const did = async (path: string, body: unknown, by?: Somebody): Promise<Answer> => {
    const { token } = by ?? (await nextPerson());
    const answer = await driver.http.send({
      ...{ method: 'POST', url: platform.writeUrl, path, body, from: nextAddress() },
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() },
    });
    return good(path, answer);
  };
  const idOf = (answer: Answer): string => parsed(shapes.made, answer).id;
  const seen = (answer: Answer) => ({ 'consistency-token': consistencyOf(answer) });
  const session = async (email: string, password: string): Promise<Answer> => {
    const body = { email, password };
    const call = { method: 'POST', url: platform.writeUrl, path: '/v1/sessions', body };
    return good('log in', await driver.http.send({ ...call, from: nextAddress() }));
  };

  /** Asks until the answer is of this shape. */
  const untilRead = async <T extends z.ZodType>(by: Somebody, path: string, shape: T) => {
    const ask = async () => {
      const { status, text } = await driver.read(path, by);
      return status === 200 ? text : '';
    };
    const fits = (text: string) => text !== '' && shape.safeParse(JSON.parse(text)).success;
    return shape.parse(JSON.parse(await until(path, ask, fits, PATIENCE_MS)));
  };

  const kit = {
    ...makers,
    untilRead,
    did,
    idOf,
    seen,
    session,
    draft: async () => idOf(await did('/v1/activities', plan())),
    activity: async () => {
      const activityId = await kit.draft();
      const published = await did(`/v1/activities/${activityId}/publish`, {});
      return { activityId, headers: seen(published) };
    },
    /** A seat that waits for its payment. */
    held: async (by: Somebody) => {
      const { activityId } = await kit.activity();
      const enrolled = await did(`/v1/activities/${activityId}/enrollments`, {}, by);
      return { activityId, enrollmentId: idOf(enrolled), headers: seen(enrolled) };
    },
    till: async (activityId: string) =>
      idOf(await did('/v1/tills', { activityId, float: eur(10_000) })),
    confirmed: async (by: Somebody) => {
      const { activityId, enrollmentId } = await kit.held(by);
      const tillId = await kit.till(activityId);
      await did(`/v1/enrollments/${enrollmentId}/payments`, { method: 'cash', tillId });
      // It is shown once the seat is confirmed; the door knows it once the saga has issued it.
      const path = `/v1/enrollments/${enrollmentId}`;
      const { ticket, ticketId } = await untilRead(by, path, ticketed);
      await untilRead(by, `/v1/audit/streams/ticket-${ticketId}`, z.object({}));
      return { activityId, enrollmentId, tillId, ticket };
    },
    pet: async (by: Somebody) => {
      const details = { name: 'Rex', species: 'dog', breed: '', birthDate: '2024-02-29' };
      const added = await did('/v1/pets', details, by);
      return { petId: idOf(added), headers: seen(added) };
    },
    person: async () => {
      const email = `${randomUUID()}@member.example`;
      const password = 'correct-horse-battery';
      const made = await did('/v1/members', { name: 'Zoë', email, password });
      return { memberId: idOf(made), email, password };
    },
    owner,
  };
  return kit;
}

const PATIENCE_MS = 30_000;
const ticketed = z.object({ ticket: z.string(), ticketId: z.string() });
const eur = (amount: number) => ({ amount, currency: 'EUR' });
const IN_A_MONTH_MS = 30 * 86_400_000;

const plan = () => ({
  ...{ title: 'Puppy morning', venue: 'Pavilion', timeZone: 'Europe/Berlin', capacity: 10 },
  startsAt: new Date(Date.now() + IN_A_MONTH_MS).toISOString(),
  endsAt: new Date(Date.now() + IN_A_MONTH_MS + 7_200_000).toISOString(),
  price: eur(2500),
});

const signedIn = async ({ person, session }: Kit): Promise<Supply> => {
  const { email, password } = await person();
  const answer = await session(email, password);
  const { refreshToken } = parsed(z.object({ refreshToken: z.string() }), answer);
  return { body: { refreshToken } };
};

const owed = z.object({
  items: z
    .array(
      z.object({
        paymentId: z.string(),
        refunds: z.array(z.object({ refundId: z.string() })).min(1),
      }),
    )
    .min(1),
});

/** By the name of the route: what it takes is not to be found by the names of its parameters. */
const byRoute: Readonly<Record<string, Make>> = {
  'publish-activity': async ({ draft }) => ({ path: { activityId: await draft() } }),
  'publish-article': async ({ did, idOf }) => {
    const slug = `a-${randomUUID()}`;
    return {
      path: { articleId: idOf(await did('/v1/articles', { slug, title: 'A', body: 'B' })) },
    };
  },
  'log-in': async ({ person }) => {
    const { email, password } = await person();
    return { body: { email, password } };
  },
  'refresh-session': signedIn,
  'log-out': signedIn,
  // By card and in cash in turn.
  pay: async ({ held, nextPerson, till }) => {
    const { activityId, enrollmentId } = await held(await nextPerson());
    nthPayment += 1;
    const path = { enrollmentId };
    if (nthPayment % 2 === 0) return { path };
    return { path, body: { method: 'cash', tillId: await till(activityId) } };
  },
  'close-till': async ({ activity, till }) => ({
    path: { tillId: await till((await activity()).activityId) },
    body: { counted: eur(9_990) },
  }),
  'check-in': async ({ confirmed, nextPerson }) => {
    const { activityId, ticket } = await confirmed(await nextPerson());
    const scan = { deviceId: 'gate-1', nonce: randomUUID(), scannedAt: new Date().toISOString() };
    return { path: { activityId }, body: { ticket, ...scan } };
  },
  'redeem-gift': async ({ activity, did }) => {
    const { activityId } = await activity();
    const issued = await did('/v1/gifts', { activityId, item: 'Bowl', count: 1 });
    return { body: { activityId, code: parsed(shapes.gifts, issued).codes[0] } };
  },
  'pay-out-refund': async ({ confirmed, did, nextPerson, untilRead }) => {
    const by = await nextPerson();
    const { activityId, enrollmentId, tillId } = await confirmed(by);
    await did(`/v1/enrollments/${enrollmentId}/cancel`, {}, by);
    const path = `/v1/activities/${activityId}/cash-refunds`;
    const { items } = await untilRead(by, path, owed);
    const payment = items[0];
    const refundId = payment?.refunds[0]?.refundId ?? '';
    return { path: { refundId }, body: { paymentId: payment?.paymentId, tillId } };
  },
  'receive-stripe-event': async ({ webhookSecret }) => {
    const id = `evt_${randomUUID().replaceAll('-', '')}`;
    const object = { id: `pi_${randomUUID().replaceAll('-', '')}`, object: 'payment_intent' };
    const type = 'payment_intent.created';
    const text = JSON.stringify({ id, object: 'event', type, data: { object } });
    return { text, headers: { 'stripe-signature': signature(text, webhookSecret) } };
  },
  'get-article': async ({ did, idOf, seen }) => {
    const slug = `a-${randomUUID()}`;
    const id = idOf(await did('/v1/articles', { slug, title: 'A', body: 'B' }));
    return { path: { slug }, headers: seen(await did(`/v1/articles/${id}/publish`, {})) };
  },
  'get-audit-stream': async ({ activity }) => {
    const { activityId, headers } = await activity();
    return { path: { stream: `activity-${activityId}` }, headers };
  },
  'get-audit-lineage': async ({ activity }) => {
    const { activityId, headers } = await activity();
    return { path: { projection: 'activity-catalogue', key: activityId }, headers };
  },
  // Only their owner sees them.
  'get-enrollment': async ({ held, owner }) => {
    const { enrollmentId, headers } = await held(await owner());
    return { path: { enrollmentId }, headers };
  },
  'get-pet': async ({ owner, pet }) => {
    const { petId, headers } = await pet(await owner());
    return { path: { petId }, headers };
  },
};
let nthPayment = 0;

/** A signature as Stripe makes it, over the body as it is sent. */
export function signature(
  body: string,
  secret: string,
  at: number = Math.floor(Date.now() / 1000),
): string {
  return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`;
}

type Named = { readonly ids: Record<string, string>; readonly headers?: Supply['headers'] };

/** By the name of a parameter or of a field: good for most routes, and for new ones. */
const byName: Readonly<Record<string, (kit: Kit) => Promise<Named>>> = {
  activityId: async ({ activity }) => {
    const { activityId, headers } = await activity();
    return { ids: { activityId }, headers };
  },
  enrollmentId: async ({ held, nextPerson }) => {
    const { enrollmentId, headers } = await held(await nextPerson());
    return { ids: { enrollmentId }, headers };
  },
  petId: async ({ nextPerson, pet }) => {
    const { petId, headers } = await pet(await nextPerson());
    return { ids: { petId }, headers };
  },
  memberId: async ({ person }) => ({ ids: { memberId: (await person()).memberId } }),
};

export type Supplies = {
  /** What one good request of the route needs; it is made for the occasion. */
  order(target: Target): Promise<Supply>;
};

export function createSupplies(makers: Makers): Supplies {
  const kit = kitOf(makers);
  const ofNames = async (target: Target): Promise<Supply> => {
    const inPath = target.parameters.filter((each) => each.in === 'path').map(({ name }) => name);
    const inBody = Object.keys(target.body?.schema.properties ?? {});
    const made = await Promise.all(
      [...new Set([...inPath, ...inBody])].map((name) => byName[name]?.(kit)),
    );
    const all: Named['ids'] = Object.assign({}, ...made.map((each) => each?.ids));
    const of = (names: readonly string[]) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
    // The newest position waits for the others as well; a write takes no token.
    const headers = target.waits ? made.find((each) => each?.headers)?.headers : undefined;
    return { path: of(inPath), body: of(inBody), ...(headers === undefined ? {} : { headers }) };
  };
  return {
    order: async (target) => {
      try {
        return await (byRoute[target.name] ?? (() => ofNames(target)))(kit);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`what ${target.name} needs could not be made: ${why}`, { cause });
      }
    },
  };
}
