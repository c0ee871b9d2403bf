import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, UnexpectedAnswer } from '../../embedded/demo/client/http.ts';
import { enrolled, opened } from '../../embedded/demo/client/shapes.ts';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { type Driver, type Person, parsed } from '../acceptance/driver.ts';

/** A command that was acknowledged: what was sent, and what was answered. */
export type Acknowledged = {
  readonly path: string;
  readonly body: unknown;
  readonly by: { readonly token: string; readonly key: string };
  readonly answer: Answer;
};

export type Flow = {
  readonly member: Person;
  readonly enrollmentId: string;
  readonly enroll: Acknowledged;
  readonly pay: Acknowledged;
  /** When Stripe had the money (ms of `performance.now()`). */
  readonly paidAt: number;
};

/** What happened on the way, for the report. */
export type Trouble = { cut: number; unavailable: number };

/** A client may have to wait out a restart; not for ever. */
const PATIENCE_MS = 60_000;

/**
 * Enrolls and pays, each until it is done: whatever is unknown or refused for now is sent again with
 * the same key, as a good client does.
 */
export async function runFlows(
  driver: Driver,
  options: {
    activityId: string;
    members: readonly Person[];
    count: number;
    width: number;
    /** Called after each paid flow. */
    onPaid?: (paid: number) => void;
  },
): Promise<{ flows: Flow[]; trouble: Trouble }> {
  const { activityId, members, count, width, onPaid } = options;
  const trouble: Trouble = { cut: 0, unavailable: 0 };
  let paid = 0;
  const flows = await inParallel(Array(count).fill(0), width, async (_, index) => {
    const member = members[index % members.length] as Person;
    const send = async (path: string, body: unknown): Promise<Acknowledged> => {
      const by = { token: member.token, key: randomUUID() };
      const answer = await persist(path, trouble, () => driver.command(path, body, by));
      return { path, body, by, answer };
    };
    const enroll = await send(`/v1/activities/${activityId}/enrollments`, { joinWaitlist: false });
    const { id: enrollmentId } = parsed(enrolled, enroll.answer);
    const pay = await send(`/v1/enrollments/${enrollmentId}/payments`, { method: 'card' });
    const { clientSecret } = parsed(opened, pay.answer);
    await persist('confirm at Stripe', trouble, async () => {
      const answer = await driver.stripe.confirmCard(clientSecret);
      // The answer of an earlier try got lost: Stripe says that it has succeeded already.
      const again = answer.text.includes('"payment_intent_unexpected_state"');
      return again && answer.text.includes('"succeeded"') ? { ...answer, status: 200 } : answer;
    });
    paid += 1;
    onPaid?.(paid);
    return { member, enrollmentId, enroll, pay, paidAt: performance.now() };
  });
  return { flows, trouble };
}

/** Repeats what has no certain answer: a cut connection, 503. `answers`: what counts as one. */
export async function persist(
  what: string,
  trouble: Trouble,
  send: () => Promise<Answer>,
  answers: readonly number[] = [200, 201],
): Promise<Answer> {
  for (const since = performance.now(); ; await delay(100)) {
    const answer = await send().catch((error: Error) => error);
    const verdict = verdictOn(answer, answers);
    if (verdict === 'done' && !(answer instanceof Error)) return answer;
    const late = performance.now() - since > PATIENCE_MS;
    if (verdict === 'done' || verdict === 'wrong' || late) {
      if (answer instanceof Error) throw new Error(`${what} never worked`, { cause: answer });
      throw new UnexpectedAnswer(late ? `${what} never worked` : what, answer);
    }
    trouble[verdict] += 1;
  }
}

function verdictOn(
  answer: Answer | Error,
  answers: readonly number[],
): 'done' | 'wrong' | keyof Trouble {
  if (answer instanceof Error) return 'cut';
  if (answers.includes(answer.status)) return 'done';
  return answer.status === 503 ? 'unavailable' : 'wrong';
}
