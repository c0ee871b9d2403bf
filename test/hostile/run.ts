import type { Answer, Call } from '../../embedded/demo/client/http.ts';
import { inParallel } from '../../embedded/demo/client/wait.ts';
import { nextAddress } from './addresses.ts';
import { type Case, SOMEBODY } from './cases/index.ts';
import { faultsOfRefusal, problemOf } from './judge.ts';
import type { World } from './world.ts';

export type Outcome = {
  readonly of: Case;
  readonly answer: Answer;
  readonly faults: readonly string[];
};

const WIDTH = 16;
/** Sends the cases, some at a time, and holds each answer against what its case expects. */
export async function run(world: World, cases: readonly Case[]): Promise<Outcome[]> {
  return inParallel(cases, WIDTH, async (each) => {
    try {
      const answer = await sent(world, each);
      return { of: each, answer, faults: faultsOf(each, answer) };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return { of: each, answer: { status: 0, headers: {}, text }, faults: [`no answer: ${text}`] };
    }
  });
}

/**
 * A body that is refused by its size is not read to its end; the answer may then be lost with the
 * connection (RFC 9112 §9.6). It is asked for again.
 */
async function sent(world: World, each: Case, triesLeft = 5): Promise<Answer> {
  try {
    return await world.driver.http.send(await sendable(world, each));
  } catch (error) {
    const { body } = each.call;
    const large =
      typeof body === 'string' || Buffer.isBuffer(body) ? body.length > 1_000_000 : false;
    if (!large || triesLeft === 0) throw error;
    return sent(world, each, triesLeft - 1);
  }
}

async function sendable(world: World, { call, target, expected }: Case): Promise<Call> {
  const { authorization, ...headers } = call.headers ?? {};
  const named = authorization === undefined ? {} : { authorization };
  const token = await world.tokenFor(target, expected.kind === 'either');
  const may = authorization === SOMEBODY ? { authorization: `Bearer ${token}` } : named;
  return { ...call, headers: { ...headers, ...may }, from: nextAddress() };
}

export const isTaken = ({ answer }: Outcome): boolean =>
  answer.status >= 200 && answer.status < 400;

/** The faults of a run as sentences, for the message of a failed test. */
export const sentences = (outcomes: readonly Outcome[]): string[] =>
  outcomes.flatMap(({ of, faults }) =>
    faults.map((fault) => `${of.target.name}: ${of.name}: ${fault}`),
  );

function faultsOf({ target, expected }: Case, answer: Answer): string[] {
  if (answer.status >= 500) return [`${answer.status} ${answer.text.slice(0, 300)}`];
  if (answer.status < 400) {
    return expected.kind === 'either'
      ? []
      : [`taken with ${answer.status}: ${answer.text.slice(0, 200)}`];
  }
  const faults = faultsOfRefusal(target, answer);
  if (expected.kind === 'either') return faults;
  const { statuses, code, pointer } = expected;
  const problem = problemOf(answer);
  const pointers = problem?.errors?.map((error) => error.pointer) ?? [];
  const at = (each: string) => each === pointer || each.startsWith(`${pointer}/`);
  return [
    ...faults,
    ...(statuses.includes(answer.status) ? [] : [`${answer.status}, not ${statuses.join(' or ')}`]),
    ...(code === undefined || problem?.code === code ? [] : [`${problem?.code}, not ${code}`]),
    ...(pointer === undefined || pointers.some(at)
      ? []
      : [`no error at ${pointer} but at ${pointers.join(', ')}`]),
  ];
}
