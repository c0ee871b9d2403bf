import type { Pool, PoolClient } from 'pg';
import { newId } from '../ids.ts';
import { claimKey, hashParams, type KeyedRequest, storeAnswer } from '../store/idempotency.ts';
import { errorCode, isUnavailable, type Log } from '../store/pool.ts';
import { inTransaction } from '../store/transaction.ts';
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
      return await inTransaction(
        deps.pool,
        'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        async (client) => {
          const work = startWork(client, { requestId, idempotencyKey: null });
          const reply = await run({ ...call, work });
          return finish(client, work, reply, raw, requestId);
        },
      );
    }
    const keyed = keyedRequest(incoming, access, raw);
    const { answer, emitted } = await inTransaction(deps.pool, 'BEGIN', (client) =>
      write({ client, keyed, requestId, raw }, (work) => run({ ...call, work })),
    );
    if (emitted) deps.wake();
    return answer;
  } catch (error) {
    return failed(deps.log, error, incoming, requestId);
  }
}

type Writing = {
  client: PoolClient;
  keyed: KeyedRequest | undefined;
  requestId: string;
  raw: Form;
};

async function write(
  { client, keyed, requestId, raw }: Writing,
  run: (work: Work) => Promise<Reply>,
): Promise<{ answer: Answer; emitted: boolean }> {
  if (keyed !== undefined) {
    const stored = await claimKey(client, keyed);
    if (stored !== undefined) {
      const answer = { ...stored, requestId, originalRequest: stored.requestId };
      return { answer, emitted: false };
    }
  }
  const work = startWork(client, { requestId, idempotencyKey: keyed?.key ?? null });
  await client.query('SAVEPOINT work');
  let answer: Answer;
  try {
    answer = await finish(client, work, await run(work), raw, requestId);
  } catch (error) {
    if (!(error instanceof ApiError && error.executed)) throw error;
    // The refusal is an answer: what was half done goes, the answer stays under its key.
    await client.query('ROLLBACK TO SAVEPOINT work');
    answer = render(error.status, { error: error.error }, requestId);
  }
  if (keyed !== undefined) await storeAnswer(client, keyed, answer);
  return { answer, emitted: work.emitted() };
}

async function finish(
  client: PoolClient,
  work: Work,
  reply: Reply,
  raw: Form,
  requestId: string,
): Promise<Answer> {
  await work.flush();
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
