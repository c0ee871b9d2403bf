import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { idempotencyKeyInUse, idempotencyMismatch } from '../http/errors.ts';
import { IDEMPOTENCY_TTL_SECONDS } from '../settings.ts';
import { prepared } from './prepared.ts';

export type KeyedRequest = {
  /** Whose key it is: keys of the secret and of the publishable key do not meet. */
  scope: 'secret' | 'publishable';
  key: string;
  endpoint: string;
  paramsHash: Buffer;
};
export type StoredAnswer = { requestId: string; status: number; body: string };

/** Equal for equal parameters, in whatever order they were sent. */
export function hashParams(raw: unknown): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(sortKeys(raw)))
    .digest();
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, inner]) => [key, sortKeys(inner)]);
}

/**
 * Takes the key for this transaction, or answers what it stands for. The advisory lock is what
 * "in flight" means: it ends with the transaction, so also with a killed process, and the answer
 * is stored by the same commit that changed the state. Hence no key can be stuck, and none can be
 * charged twice. A lock that is taken but has an answer is another repeat being answered.
 */
export async function claimKey(
  client: PoolClient,
  request: KeyedRequest,
): Promise<StoredAnswer | undefined> {
  const lock = prepared('SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken', [
    `stripe_sandbox/${request.scope}/${request.key}`,
  ]);
  const find = prepared(
    `SELECT endpoint, params_hash, request_id, status, body
       FROM stripe_sandbox.idempotency_keys
      WHERE scope = $1 AND key = $2 AND created_at > now() - make_interval(secs => $3)`,
    [request.scope, request.key, IDEMPOTENCY_TTL_SECONDS],
  );
  // In this order: whoever has the lock sees what the one before it stored.
  const [{ rows: locks }, { rows }] = await Promise.all([
    client.query<{ taken: boolean }>(lock),
    client.query<{
      endpoint: string;
      params_hash: Buffer;
      request_id: string;
      status: number;
      body: string;
    }>(find),
  ]);
  const stored = rows[0];
  if (stored === undefined) {
    if (locks[0]?.taken === true) return undefined;
    throw idempotencyKeyInUse(request.key);
  }
  if (stored.endpoint !== request.endpoint) {
    throw idempotencyMismatch(
      request.key,
      `for the same endpoint they were first used for (${stored.endpoint})`,
    );
  }
  if (!stored.params_hash.equals(request.paramsHash)) {
    throw idempotencyMismatch(request.key, 'with the same parameters they were first used with');
  }
  return { requestId: stored.request_id, status: stored.status, body: stored.body };
}

export async function storeAnswer(
  client: PoolClient,
  request: KeyedRequest,
  answer: StoredAnswer,
): Promise<void> {
  const text = `INSERT INTO stripe_sandbox.idempotency_keys
       (scope, key, endpoint, params_hash, request_id, status, body)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (scope, key) DO UPDATE SET
       endpoint = excluded.endpoint, params_hash = excluded.params_hash,
       request_id = excluded.request_id, status = excluded.status, body = excluded.body,
       created_at = now()
       -- Only a pruned key may be taken again.
       WHERE idempotency_keys.created_at <= now() - make_interval(secs => $8)`;
  await client.query(
    prepared(text, [
      request.scope,
      request.key,
      request.endpoint,
      request.paramsHash,
      answer.requestId,
      answer.status,
      answer.body,
      IDEMPOTENCY_TTL_SECONDS,
    ]),
  );
}

export async function pruneKeys(pool: Pool): Promise<void> {
  await pool.query(
    `DELETE FROM stripe_sandbox.idempotency_keys
      WHERE created_at <= now() - make_interval(secs => $1)`,
    [IDEMPOTENCY_TTL_SECONDS],
  );
}
