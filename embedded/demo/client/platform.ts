import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Answer, type Http, UnexpectedAnswer } from './http.ts';
import { sendPatiently } from './patient.ts';
import * as shapes from './shapes.ts';

/** What the season needs to know of the platform: addresses and who administers it. */
export type Where = {
  readonly writeUrl: string;
  readonly readUrl: string;
  readonly adminEmail: string;
  readonly adminPassword: string;
};

/** Somebody with an account and a session. */
export type Person = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly token: string;
};

/** A refusal as its problem document says it; `field` where it is about one. */
export type Refusal = { readonly code: string; readonly why: string };

/** A command: `key` says what is wished, `shape` what its answer holds. */
export type Wish<T> = {
  readonly path: string;
  readonly body: unknown;
  readonly key: string;
  readonly shape: z.ZodType<T>;
  readonly by?: Person;
};

/** What came of a command: what was answered, or why not. */
export type Outcome<T> =
  | { readonly done: true; readonly value: T; readonly again: boolean }
  | { readonly done: false; readonly refusal: Refusal };

export type Platform = ReturnType<typeof platformClient>;

const problem = z.object({
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
});

/**
 * The public APIs as a client uses them. A key says what is meant, not when it was sent: the same
 * wish is the same command however often the season is played.
 */
export function platformClient(http: Http, where: Where) {
  const request = (path: string, body: unknown, headers: Record<string, string>) =>
    sendPatiently(http, { method: 'POST', url: `${where.writeUrl}${path}`, headers, body });

  /** A command that may be refused. Any other answer than 2xx or 4xx throws. */
  async function command<T>(wish: Wish<T>): Promise<Outcome<T>> {
    const { path, body, shape, by } = wish;
    const answer = await request(path, body, {
      ...(by === undefined ? {} : { authorization: `Bearer ${by.token}` }),
      'idempotency-key': keyOf(wish.key),
    });
    if (answer.status >= 200 && answer.status < 300) {
      const again = answer.headers['idempotency-hit'] === 'true';
      return { done: true, value: shape.parse(JSON.parse(answer.text)), again };
    }
    if (answer.status < 400 || answer.status >= 500) throw new UnexpectedAnswer(path, answer);
    return { done: false, refusal: refusalIn(path, answer) };
  }

  /** A command that has to be done; a refusal throws, but for those that say it was done before. */
  async function must<T>(wish: Wish<T>): Promise<T> {
    const outcome = await command(wish);
    if (outcome.done) return outcome.value;
    throw new Error(`POST ${wish.path}: ${outcome.refusal.code}: ${outcome.refusal.why}`);
  }

  async function read<T>(path: string, shape: z.ZodType<T>, by?: Person): Promise<T> {
    const found = await find(path, shape, by);
    if (found === null) throw new Error(`GET ${path}: there is no such thing`);
    return found;
  }

  /** Null: not there, or not yet. */
  async function find<T>(path: string, shape: z.ZodType<T>, by?: Person): Promise<T | null> {
    const headers = by === undefined ? {} : { authorization: `Bearer ${by.token}` };
    const answer = await sendPatiently(http, { url: `${where.readUrl}${path}`, headers });
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw new UnexpectedAnswer(`GET ${path}`, answer);
    return shape.parse(JSON.parse(answer.text));
  }

  /** Every item of a list, page by page. */
  async function list<T>(path: string, item: z.ZodType<T>, by?: Person): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const separator = path.includes('?') ? '&' : '?';
      const page: { items: T[]; nextCursor: string | null } = await read(
        `${path}${separator}limit=200${more}`,
        shapes.page(item),
        by,
      );
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  async function logIn(email: string, password: string, name: string): Promise<Person> {
    const answer = await request('/v1/sessions', { email, password }, {});
    if (answer.status !== 201) throw new UnexpectedAnswer(`log in as ${name}`, answer);
    const { accessToken, memberId } = shapes.session.parse(JSON.parse(answer.text));
    return { id: memberId, name, email, token: accessToken };
  }

  /** A made-up person's password: the same in every play on one installation, and nobody's guess. */
  const passwordOf = (email: string) =>
    createHmac('sha256', where.adminPassword).update(`demo|${email}`).digest('base64url');

  return {
    ...{ command, must, read, find, list },
    administrator: () => logIn(where.adminEmail, where.adminPassword, 'the administrator'),
    /** Registers, or finds the account there is, and logs in. */
    async join(name: string, address: string): Promise<Outcome<Person>> {
      const email = address.toLowerCase();
      const password = passwordOf(email);
      const registered = await command({
        path: '/v1/members',
        body: { name, email: address, password },
        key: `register|${address}`,
        shape: shapes.made,
      });
      if (!registered.done && registered.refusal.code !== 'email-taken') return registered;
      return { done: true, value: await logIn(address, password, name), again: !registered.done };
    },
  };
}

/** Keys are short and say nothing about anybody. */
const keyOf = (wish: string): string =>
  `demo-${createHash('sha256').update(wish).digest('hex').slice(0, 40)}`;

function refusalIn(path: string, answer: Answer): Refusal {
  const type = String(answer.headers['content-type']);
  if (!type.startsWith('application/problem+json')) throw new UnexpectedAnswer(path, answer);
  const { code, title, detail, errors } = problem.parse(JSON.parse(answer.text));
  const fields = errors?.map(({ pointer, message }) => `${pointer.replace('#/', '')}: ${message}`);
  return { code, why: fields?.join('; ') ?? detail ?? title };
}
