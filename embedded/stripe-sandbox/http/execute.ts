import type { Pool, PoolClient } from 'pg';
import { newId } from '../ids.ts';
import { claimKey, hashParams, type KeyedRequest, storeAnswer } from '../store/idempotency.ts';
import { errorCode, isUnavailable, type Log } from '../store/pool.ts';
import { inOneGo, type Transaction } from '../store/transaction.ts';
import { startWork, type Work } from '../store/work.ts';
import { type Access, authenticate, type Keys } from './access.ts';
import {
  ApiError,
  internal,
  invalidParameter,
  lockTimeout,
  unauthorized,
  unavailable,
} from './errors.ts';
import { expandInto } from './expand.ts';
import type { Form } from './form.ts';
import type { Reply, Route } from './route.ts';

export type Deps = {
  pool: Pool;
  keys: Keys;
  log: Log;
  baseUrl: () => string;
  /** Called after a commit that left something to do for the deliverer and the settlement. */
  wake: () => void;
};
export type Incoming = {
  url: string;
  id: string;
  raw: Form;
  authorization: string | undefined;
  idempotencyKey: string | undefined;
};
export type Answer = {
  status: number;
  body: string;
  requestId: string;
  /** Set on a replay: the request that did the work. */
  originalRequest?: string;
};

/** One API request from its parsed form to the bytes of its answer. Never throws. */
export async function execute(deps: Deps, route: Route, incoming: Incoming): Promise<Answer> {
  const requestId = newId('req', 14);
  try {
    const access = authenticate(deps.keys, incoming.authorization, incoming.raw);
    if (access === 'publishable' && route.access === 'secret') {
      throw unauthorized(
        'This API call cannot be made with a publishable API key. Please use a secret API key.',
        'secret_key_required',
        403,
      );
    }
    const { key: _, ...raw } = incoming.raw;
    const run = route.prepare(raw);
    const call = { access, id: incoming.id, baseUrl: deps.baseUrl() };
    if (route.method === 'GET') {
      return await inOneGo(
        deps.pool,
        'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        async ({ client, commit }) => {
          const work = startWork(client, { requestId, idempotencyKey: null });
          const reply = await run({ ...call, work });
          const answer = await answerTo(client, reply, raw, requestId);
          await commit();
          return answer;
        },
      );
    }
    const keyed = keyedRequest(incoming, access, raw);
    const { answer, emitted } = await inOneGo(deps.pool, 'BEGIN', (transaction) =>
      write({ transaction, keyed, requestId, raw }, (work) => run({ ...call, work })),
    );
    if (emitted) deps.wake();
    return answer;
  } catch (error) {
    return failed(deps.log, error, incoming, requestId);
  }
}

type Writing = {
  transaction: Transaction;
  keyed: KeyedRequest | undefined;
  requestId: string;
  raw: Form;
};

/**
 * What is needed is read; then everything that is written goes out together with the commit, which
 * Postgres makes a rollback when a statement before it failed.
 */
async function write(
  { transaction, keyed, requestId, raw }: Writing,
  run: (work: Work) => Promise<Reply>,
): Promise<{ answer: Answer; emitted: boolean }> {
  const { client, begun, commit } = transaction;
  if (keyed !== undefined) {
    const stored = await claimKey(client, keyed);
    if (stored !== undefined) {
      await commit();
      const answer = { ...stored, requestId, originalRequest: stored.requestId };
      return { answer, emitted: false };
    }
  }
  const work = startWork(client, { requestId, idempotencyKey: keyed?.key ?? null });
  const reply = await replyOf(work, run);
  await begun;
  const written = work.flush();
  written.catch(() => {
    // Told below, unless the expansion fails before: it is read behind what is written.
  });
  const answer = await answerTo(client, reply, raw, requestId);
  const stored = keyed === undefined ? undefined : storeAnswer(client, keyed, answer);
  await Promise.all([written, stored, commit()]);
  return { answer, emitted: work.emitted() };
}

/** A refusal is an answer, too. Nothing was written: objects and events of a reply go out after it. */
async function replyOf(work: Work, run: (work: Work) => Promise<Reply>): Promise<Reply> {
  try {
    return await run(work);
  } catch (error) {
    if (!(error instanceof ApiError && error.executed)) throw error;
    work.discard();
    return { status: error.status, body: { error: error.error } };
  }
}

async function answerTo(
  client: PoolClient,
  reply: Reply,
  raw: Form,
  requestId: string,
): Promise<Answer> {
  const paths = Array.isArray(raw['expand']) ? raw['expand'].map(String) : [];
  const status = reply.status ?? 200;
  if (paths.length === 0 || status !== 200) return render(status, reply.body, requestId);
  const body = structuredClone(reply.body);
  await expandInto(client, body, paths);
  return render(status, body, requestId);
}

function render(status: number, body: object, requestId: string): Answer {
  return { status, body: `${JSON.stringify(body, null, 2)}\n`, requestId };
}

function keyedRequest(incoming: Incoming, access: Access, raw: Form): KeyedRequest | undefined {
  const key = incoming.idempotencyKey;
  if (key === undefined || key === '') return undefined;
  if (key.length > 255) {
    throw invalidParameter('Idempotency-Key', 'Idempotency keys may have 255 characters at most.');
  }
  return { scope: access, key, endpoint: incoming.url, paramsHash: hashParams(raw) };
}

function failed(log: Log, error: unknown, incoming: Incoming, requestId: string): Answer {
  const known = error instanceof ApiError ? error : toApiError(log, error, incoming, requestId);
  return render(known.status, { error: known.error }, requestId);
}

function toApiError(log: Log, error: unknown, incoming: Incoming, requestId: string): ApiError {
  if (errorCode(error) === '55P03') return lockTimeout();
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isUnavailable(error)) {
    log('warn', 'database not reachable', {
      requestId,
      url: incoming.url,
      error: message.split('\n')[0],
    });
    return unavailable();
  }
  log('error', 'request failed', { requestId, url: incoming.url, error: message });
  return internal();
}
