import type { Pool } from 'pg';
import { DELIVERY_TIMEOUT_SECONDS, RETRY_FOR_SECONDS, RETRY_WAITS_SECONDS } from '../settings.ts';
import type { StoredEvent } from '../store/kinds.ts';
import { prepared } from '../store/prepared.ts';

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
    prepared(
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
    ),
  );
  return rows;
}

export type Attempt = { readonly claim: Claim; readonly outcome: Outcome };

/** Logs attempts and says what becomes of their deliveries: done, later, or given up. */
export async function settleAttempts(pool: Pool, attempts: readonly Attempt[]): Promise<void> {
  const text = `WITH made AS (
       SELECT * FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[], $5::integer[],
                            $6::boolean[], $7::double precision[])
         AS made (delivery_id, attempt, status_code, error, duration_ms, ok, wait)
     ), logged AS (
       INSERT INTO stripe_sandbox.delivery_attempts
         (delivery_id, attempt, status_code, error, duration_ms)
       SELECT delivery_id, attempt, status_code, error, duration_ms FROM made
     )
     UPDATE stripe_sandbox.deliveries SET
       status = CASE WHEN made.ok THEN 'delivered'
                     WHEN created_at < now() - make_interval(secs => $8) THEN 'given_up'
                     ELSE 'pending' END,
       next_attempt_at = now() + make_interval(secs => made.wait),
       leased_until = '-infinity'
      FROM made WHERE id = made.delivery_id AND attempts = made.attempt`;
  await pool.query(
    prepared(text, [
      attempts.map(({ claim }) => claim.id),
      attempts.map(({ claim }) => claim.attempt),
      attempts.map(({ outcome }) => outcome.statusCode ?? null),
      attempts.map(({ outcome }) => outcome.error ?? null),
      attempts.map(({ outcome }) => outcome.durationMs),
      attempts.map(({ outcome }) => isSuccess(outcome)),
      attempts.map(({ claim }) => waitAfter(claim.attempt)),
      RETRY_FOR_SECONDS,
    ]),
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
    prepared(
      `SELECT ceil(extract(epoch FROM
              min(greatest(d.next_attempt_at, d.leased_until)) - now()) * 1000) AS wait
       FROM stripe_sandbox.deliveries d
       JOIN stripe_sandbox.webhook_endpoints e ON e.id = d.endpoint_id AND e.enabled
      WHERE d.status = 'pending'`,
    ),
  );
  const wait = rows[0]?.wait;
  return wait === null || wait === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(20, Number(wait));
}
