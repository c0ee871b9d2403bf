import type { Pool } from 'pg';
import { DELIVERY_TIMEOUT_SECONDS, RETRY_FOR_SECONDS, RETRY_WAITS_SECONDS } from '../settings.ts';
import type { StoredEvent } from '../store/kinds.ts';

export type Claim = {
  id: string;
  attempt: number;
  url: string;
  secret: string;
  event: StoredEvent;
  /** Deliveries of the event that nobody has answered yet, this one included. */
  pending: number;
};
export type Outcome = {
  /** Undefined when there was no answer. */
  statusCode: number | undefined;
  error: string | undefined;
  durationMs: number;
};

// Longer than an attempt can take: only a process that died leaves a lease to run out.
const LEASE_SECONDS = DELIVERY_TIMEOUT_SECONDS + 5;

/** Takes deliveries that are due. Each is tried by one process at a time, again after a crash. */
export async function claimDue(pool: Pool, limit: number): Promise<Claim[]> {
  const { rows } = await pool.query<Claim>(
    `WITH due AS (
       SELECT d.id FROM stripe_sandbox.deliveries d
         JOIN stripe_sandbox.webhook_endpoints e ON e.id = d.endpoint_id AND e.enabled
        WHERE d.status = 'pending' AND d.next_attempt_at <= now() AND d.leased_until <= now()
        ORDER BY d.next_attempt_at LIMIT $1
        FOR UPDATE OF d SKIP LOCKED
     )
     UPDATE stripe_sandbox.deliveries d
        SET attempts = attempts + 1, leased_until = now() + make_interval(secs => $2)
       FROM due, stripe_sandbox.webhook_endpoints e, stripe_sandbox.objects o
      WHERE d.id = due.id AND e.id = d.endpoint_id AND o.id = d.event_id
     RETURNING d.id, d.attempts AS attempt, e.url, e.secret, o.body AS event,
               (SELECT count(*)::integer FROM stripe_sandbox.deliveries p
                 WHERE p.event_id = d.event_id AND p.status = 'pending') AS pending`,
    [limit, LEASE_SECONDS],
  );
  return rows;
}

/** Logs the attempt and says what becomes of the delivery: done, later, or given up. */
export async function settleAttempt(pool: Pool, claim: Claim, outcome: Outcome): Promise<void> {
  const ok = isSuccess(outcome);
  await pool.query(
    `WITH attempt AS (
       INSERT INTO stripe_sandbox.delivery_attempts
         (delivery_id, attempt, status_code, error, duration_ms)
       VALUES ($1, $2, $3, $4, $5)
     )
     UPDATE stripe_sandbox.deliveries SET
       status = CASE WHEN $6 THEN 'delivered'
                     WHEN created_at < now() - make_interval(secs => $8) THEN 'given_up'
                     ELSE 'pending' END,
       next_attempt_at = now() + make_interval(secs => $7),
       leased_until = '-infinity'
     WHERE id = $1 AND attempts = $2`,
    [
      claim.id,
      claim.attempt,
      outcome.statusCode ?? null,
      outcome.error ?? null,
      outcome.durationMs,
      ok,
      waitAfter(claim.attempt),
      RETRY_FOR_SECONDS,
    ],
  );
}

/** Stripe takes any 2xx for an answer; a redirect is a failure. */
export const isSuccess = ({ statusCode }: Outcome): boolean =>
  statusCode !== undefined && statusCode >= 200 && statusCode < 300;

export function waitAfter(attempt: number): number {
  const index = Math.min(attempt, RETRY_WAITS_SECONDS.length) - 1;
  return RETRY_WAITS_SECONDS[index] ?? 5;
}

/** Milliseconds until the next delivery (or the end of a dead process's lease) is due. */
export async function nextDueMs(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ wait: string | null }>(
    `SELECT ceil(extract(epoch FROM
              min(greatest(d.next_attempt_at, d.leased_until)) - now()) * 1000) AS wait
       FROM stripe_sandbox.deliveries d
       JOIN stripe_sandbox.webhook_endpoints e ON e.id = d.endpoint_id AND e.enabled
      WHERE d.status = 'pending'`,
  );
  const wait = rows[0]?.wait;
  return wait === null || wait === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(20, Number(wait));
}
