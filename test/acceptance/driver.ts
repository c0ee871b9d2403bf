import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  type Answer,
  createHttp,
  type Http,
  UnexpectedAnswer,
} from '../../embedded/demo/client/http.ts';
import * as shapes from '../../embedded/demo/client/shapes.ts';
import { type StripeSide, stripeKeys, stripeSide } from '../../embedded/demo/client/stripe.ts';
import { until } from '../../embedded/demo/client/wait.ts';
import type { TestPlatform } from '../support/platform.ts';

export type Person = { id: string; email: string; name: string; password: string; token: string };
export type Enrollment = z.output<typeof shapes.enrollment>;
export type Activity = z.output<typeof shapes.activity>;
/** Something that was written, and how far a read has to be to show it. */
export type Written<T> = T & { consistency: string };

export type Plan = {
  title?: string;
  capacity?: number;
  /** In cents; 0: free. */
  price?: number;
  waitlist?: boolean;
  seatsPerMember?: number;
  /** What it asks of a pet. */
  pets?: { species?: string[]; minAgeMonths?: number };
  /** From now; nobody enrolls and no hold lasts beyond it. */
  startsInMs?: number;
};

type By = { token?: string; key?: string; ifMatch?: string };

/** A client of the platform: people, their clicks and what they see. */
export type Driver = {
  readonly http: Http;
  readonly stripe: StripeSide;
  /** A command as it goes out, for tests that look at the raw answer. */
  command(path: string, body: unknown, by?: By): Promise<Answer>;
  read(path: string, by?: { token?: string; consistency?: string }): Promise<Answer>;
  register(name?: string): Promise<Person>;
  logIn(email: string, password: string): Promise<z.output<typeof shapes.session>>;
  admin(): Promise<Person>;
  /** A new member whom the administrator gives these roles. */
  official(...roles: readonly string[]): Promise<Person>;
  openActivity(staff: Person, plan?: Plan): Promise<Written<{ id: string }>>;
  enroll(
    member: Person,
    activityId: string,
    options?: { key?: string; joinWaitlist?: boolean },
  ): Promise<Written<z.output<typeof shapes.enrolled>>>;
  pay(member: Person, enrollmentId: string, key?: string): Promise<z.output<typeof shapes.opened>>;
  cancel(member: Person, enrollmentId: string): Promise<string>;
  enrollment(member: Person, enrollmentId: string, consistency?: string): Promise<Enrollment>;
  untilEnrollment(
    member: Person,
    enrollmentId: string,
    fits: (enrollment: Enrollment) => boolean,
    patienceMs?: number,
  ): Promise<Enrollment>;
  activity(activityId: string, consistency?: string): Promise<Activity>;
  /** Everybody of an activity, all pages. */
  roster(staff: Person, activityId: string): Promise<z.output<typeof shapes.rosterEntry>[]>;
  /** Enrolls, pays by card and waits for the confirmation and its ticket. */
  seat(member: Person, activityId: string): Promise<Enrollment & { ticket: string }>;
  checkIn(staff: Person, activityId: string, ticket: string, nonce?: string): Promise<Answer>;
  /** Everything in the mailbox, without the texts. */
  mails(): Promise<z.output<typeof shapes.mailHead>[]>;
  mailTo(address: string): Promise<z.output<typeof shapes.mail>[]>;
  close(): void;
};

/** What a client has to know of a platform. */
export type Reachable = Pick<
  TestPlatform,
  | ('writeUrl' | 'readUrl' | 'stripeUrl' | 'mailboxUrl')
  | ('adminEmail' | 'adminPassword' | 'dataDir')
>;

export const PASSWORD = 'correct-horse-battery';

/** `http` is its own unless another is handed in, such as one that waits when it asked too often. */
export function createDriver(platform: Reachable, http: Http = createHttp()): Driver {
  const secrets = readFileSync(join(platform.dataDir, 'secrets.json'), 'utf8');
  const keys = stripeKeys.parse(JSON.parse(secrets));
  const stripe = stripeSide(http, platform.stripeUrl, keys);

  const command: Driver['command'] = (path, body, { token, key = randomUUID(), ifMatch } = {}) =>
    http.send({
      method: 'POST',
      url: `${platform.writeUrl}${path}`,
      headers: {
        ...bearer(token),
        'idempotency-key': key,
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      },
      body,
    });
  const read: Driver['read'] = (path, { token, consistency } = {}) =>
    http.send({
      url: `${platform.readUrl}${path}`,
      headers: {
        ...bearer(token),
        ...(consistency === undefined ? {} : { 'consistency-token': consistency }),
      },
    });
  const done = async (path: string, body: unknown, by: By): Promise<Answer> => {
    const { key = randomUUID() } = by;
    return good(`POST ${path}`, await certain(() => command(path, body, { ...by, key })));
  };

  const logIn: Driver['logIn'] = async (email, password) => {
    const url = `${platform.writeUrl}/v1/sessions`;
    const answer = await certain(() =>
      http.send({ method: 'POST', url, body: { email, password } }),
    );
    return parsed(shapes.session, good('log in', answer));
  };
  const register: Driver['register'] = async (name = `Member ${randomUUID().slice(0, 8)}`) => {
    const email = `${randomUUID()}@member.example`;
    const person = { email, name, password: PASSWORD };
    const { id } = parsed(shapes.made, await done('/v1/members', person, {}));
    const { accessToken: token } = await logIn(email, PASSWORD);
    return { id, token, ...person };
  };
  let administrator: Promise<Person> | undefined;
  const admin: Driver['admin'] = () => {
    const { adminEmail: email, adminPassword: password } = platform;
    administrator ??= logIn(email, password).then(({ accessToken: token, memberId: id }) => ({
      ...{ id, email, password, token },
      name: 'the administrator',
    }));
    return administrator;
  };
  const enrollment: Driver['enrollment'] = async ({ token }, id, consistency) => {
    const path = `/v1/enrollments/${id}`;
    const by = { token, ...(consistency === undefined ? {} : { consistency }) };
    return parsed(shapes.enrollment, good(`GET ${path}`, await read(path, by)));
  };
  const untilEnrollment: Driver['untilEnrollment'] = async (member, id, fits, patienceMs) => {
    const path = `/v1/enrollments/${id}`;
    // Just written it may not be there yet, and what is awaited has no token to ask with.
    const ask = async () => {
      const answer = await read(path, { token: member.token });
      return answer.status === 404 ? null : parsed(shapes.enrollment, good(`GET ${path}`, answer));
    };
    const found = await until(path, ask, (each) => each !== null && fits(each), patienceMs);
    if (found === null) throw new Error(`${path} is not there`);
    return found;
  };

  const mailHeads = async (filter: string) => {
    const url = `${platform.mailboxUrl}/messages${filter}`;
    const list = z.object({ messages: z.array(shapes.mailHead) });
    return parsed(list, good('mailbox', await http.send({ url }))).messages;
  };

  const driver: Driver = {
    ...{ http, stripe, command, read, logIn, register, admin, enrollment, untilEnrollment },
    official: async (...roles) => {
      const person = await register(`Official ${randomUUID().slice(0, 8)}`);
      const by = { token: (await admin()).token };
      for (const role of roles) await done(`/v1/members/${person.id}/roles`, { role }, by);
      return { ...person, token: (await logIn(person.email, person.password)).accessToken };
    },
    openActivity: async ({ token }, plan = {}) => {
      const made = await done('/v1/activities', planned(plan), { token });
      const { id } = parsed(shapes.made, made);
      const published = await done(`/v1/activities/${id}/publish`, {}, { token });
      return { id, consistency: consistencyOf(published) };
    },
    enroll: async ({ token }, activityId, { key, joinWaitlist = false } = {}) => {
      const by = { token, ...(key === undefined ? {} : { key }) };
      const path = `/v1/activities/${activityId}/enrollments`;
      const answer = await done(path, { joinWaitlist }, by);
      return { ...parsed(shapes.enrolled, answer), consistency: consistencyOf(answer) };
    },
    pay: async ({ token }, enrollmentId, key = randomUUID()) => {
      const path = `/v1/enrollments/${enrollmentId}/payments`;
      return parsed(shapes.opened, await done(path, { method: 'card' }, { token, key }));
    },
    cancel: async ({ token }, enrollmentId) =>
      consistencyOf(await done(`/v1/enrollments/${enrollmentId}/cancel`, {}, { token })),
    activity: async (id, consistency) => {
      const path = `/v1/activities/${id}`;
      const by = consistency === undefined ? {} : { consistency };
      return parsed(shapes.activity, good(`GET ${path}`, await read(path, by)));
    },
    roster: async ({ token }, id) => {
      const entries: z.output<typeof shapes.rosterEntry>[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const path = `/v1/activities/${id}/roster?limit=200${after}`;
        const answer = good(`GET ${path}`, await read(path, { token }));
        const { items, nextCursor } = parsed(shapes.page(shapes.rosterEntry), answer);
        entries.push(...items);
        cursor = nextCursor;
      }
      return entries;
    },
    seat: async (member, activityId) => {
      const { id } = await driver.enroll(member, activityId);
      const { clientSecret } = await driver.pay(member, id);
      await stripe.payByCard(clientSecret);
      const confirmed = await untilEnrollment(member, id, ({ ticket }) => ticket !== null);
      return { ...confirmed, ticket: confirmed.ticket ?? '' };
    },
    checkIn: ({ token }, activityId, ticket, nonce = randomUUID()) =>
      command(
        `/v1/activities/${activityId}/check-ins`,
        { ticket, deviceId: 'gate-1', scannedAt: new Date().toISOString(), nonce },
        { token },
      ),
    mails: () => mailHeads(''),
    mailTo: async (address) => {
      const heads = await mailHeads(`?to=${encodeURIComponent(address)}`);
      const each = heads.map(async ({ id }) => {
        const url = `${platform.mailboxUrl}/messages/${encodeURIComponent(id)}`;
        return parsed(shapes.mail, good('mail', await http.send({ url })));
      });
      return Promise.all(each);
    },
    close: () => http.close(),
  };
  return driver;
}

const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** Longer than a machine is too busy to answer; not for ever. */
const PATIENCE_MS = 30_000;

/**
 * The answer that a good client ends with: 503 is "not now" or "not known", and the same request is
 * sent again. Tests that look at each answer use `command` and `read`.
 */
async function certain(send: () => Promise<Answer>): Promise<Answer> {
  for (const since = performance.now(); ; await delay(100)) {
    const answer = await send();
    if (answer.status !== 503 || performance.now() - since > PATIENCE_MS) return answer;
  }
}

export function good(what: string, answer: Answer): Answer {
  if (answer.status !== 200 && answer.status !== 201) throw new UnexpectedAnswer(what, answer);
  return answer;
}

export function parsed<T extends z.ZodType>(schema: T, answer: Answer): z.output<T> {
  return schema.parse(JSON.parse(answer.text));
}

export function consistencyOf(answer: Answer): string {
  const token = answer.headers['consistency-token'];
  if (typeof token !== 'string') throw new UnexpectedAnswer('no Consistency-Token', answer);
  return token;
}

/** Status and code of a refusal, after checking that it is a problem document. */
export function problemOf(answer: Answer): { status: number; code: string } {
  const type = answer.headers['content-type'] ?? '';
  if (!type.startsWith('application/problem+json')) {
    throw new UnexpectedAnswer('not a problem document', answer);
  }
  const { status, code } = parsed(shapes.problem, answer);
  if (status !== answer.status) throw new UnexpectedAnswer('another status in the body', answer);
  return { status, code };
}

function planned(plan: Plan): unknown {
  const { title = 'Puppy first-aid morning', capacity = 10, price = 2500 } = plan;
  const { waitlist = false, seatsPerMember = 4, startsInMs = 30 * 24 * 3600_000 } = plan;
  const startsAt = Date.now() + startsInMs;
  return {
    ...(plan.pets === undefined ? {} : { pets: plan.pets }),
    ...{ title, capacity, waitlist, seatsPerMember },
    description: 'Bring your own puppy.',
    venue: 'Tiergarten pavilion, Berlin',
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(startsAt + 2 * 3600_000).toISOString(),
    timeZone: 'Europe/Berlin',
    price: { amount: price, currency: 'EUR' },
  };
}
