import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../../../embedded/demo/client/http.ts';
import { enrolled, opened } from '../../../embedded/demo/client/shapes.ts';
import {
  consistencyOf,
  type Driver,
  PASSWORD,
  type Person,
  parsed,
} from '../../acceptance/driver.ts';
import type { Acknowledged, Flow } from '../flows.ts';

/** One answer, and what is wrong with it (''; nothing). */
export type Seen = {
  readonly what: string;
  readonly ms: number;
  readonly said: string;
  readonly wrong: string;
};

export type Load = {
  readonly seen: readonly Seen[];
  /** No flow begins any more; resolves with all of them once the last is paid. */
  end(): Promise<readonly Flow[]>;
};

/** Between two requests of a lane: nobody clicks faster, and an outage is not asked a thousand times a second. */
const PAUSE_MS = 60;

/** An answer is right, or 503 as a problem document that says when to come again. */
function wrongWith({ status, headers }: Answer): string {
  if (status === 200 || status === 201) return '';
  const type = headers['content-type'] ?? '';
  if (status !== 503) return `is ${status}`;
  if (!type.startsWith('application/problem+json')) return `503 as ${type}`;
  return headers['retry-after'] === undefined ? '503 without Retry-After' : '';
}

/**
 * People who enroll, pay, look and log in, lane by lane, and repeat what has no answer with the same
 * key. Every single answer is kept.
 */
export function startLoad(
  driver: Driver,
  options: {
    readonly activityId: string;
    readonly members: readonly Person[];
    readonly auditor: Person;
    readonly lanes: number;
  },
): Load {
  const { activityId, members, auditor, lanes } = options;
  const seen: Seen[] = [];
  const flows: Flow[] = [];
  let ending = false;

  const ask = async (what: string, send: () => Promise<Answer>): Promise<Answer | null> => {
    const since = performance.now();
    const answer = await send().catch((error: Error) => error);
    const ms = performance.now() - since;
    if (answer instanceof Error) {
      seen.push({ what, ms, said: answer.message, wrong: `no answer: ${answer.message}` });
      return null;
    }
    const { status, text } = answer;
    const said = status < 300 ? String(status) : `${status} ${/"code":"([^"]+)"/.exec(text)?.[1]}`;
    const wrong = wrongWith(answer);
    seen.push({ what, ms, said, wrong: wrong === '' ? '' : `${wrong}: ${text.slice(0, 300)}` });
    await delay(PAUSE_MS);
    return status < 300 ? answer : null;
  };
  const persist = async (what: string, send: () => Promise<Answer>): Promise<Answer> => {
    for (;;) {
      const answer = await ask(what, send);
      if (answer !== null) return answer;
    }
  };
  const command = async (what: string, path: string, body: unknown, { token }: Person) => {
    const by = { token, key: randomUUID() };
    const answer = await persist(what, () => driver.command(path, body, by));
    return { path, body, by, answer } satisfies Acknowledged;
  };

  const flow = async (member: Person): Promise<void> => {
    const { token } = member;
    const path = `/v1/activities/${activityId}/enrollments`;
    const enroll = await command('enroll', path, { joinWaitlist: false }, member);
    const { id } = parsed(enrolled, enroll.answer);
    const consistency = consistencyOf(enroll.answer);
    const pay = await command('pay', `/v1/enrollments/${id}/payments`, { method: 'card' }, member);
    await driver.stripe.payByCard(parsed(opened, pay.answer).clientSecret);
    flows.push({ member, enrollmentId: id, enroll, pay, paidAt: performance.now() });
    await ask('own enrollment', () => driver.read(`/v1/enrollments/${id}`, { token, consistency }));
    await ask('catalogue', () => driver.read(`/v1/activities/${activityId}`));
    await ask('own enrollments', () => driver.read('/v1/me/enrollments', { token }));
  };

  const lane = async (number: number): Promise<void> => {
    for (let turn = 0; !ending; turn += 1) {
      const member = members[(number + turn * lanes) % members.length] as Person;
      await flow(member);
      if (number > 0) continue;
      const { email } = member;
      const body = { email, password: PASSWORD };
      await ask('log in', () => driver.command('/v1/sessions', body));
      await ask('audit', () => driver.read('/v1/audit/events?limit=5', { token: auditor.token }));
    }
  };
  const running = Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  running.catch(() => {
    // Whoever ends the load is told.
  });
  return {
    seen,
    end: async () => {
      ending = true;
      await running;
      return flows;
    },
  };
}
