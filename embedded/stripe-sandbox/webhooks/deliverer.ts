import type { Pool } from 'pg';
import Stripe from 'stripe';
import { type Loop, startLoop } from '../loop.ts';
import { DELIVERY_CONCURRENCY, DELIVERY_TIMEOUT_SECONDS } from '../settings.ts';
import type { Log } from '../store/pool.ts';
import {
  type Attempt,
  type Claim,
  claimDue,
  isSuccess,
  nextDueMs,
  type Outcome,
} from './outbox.ts';
import { createSettling } from './settling.ts';

/**
 * Posts what the outbox holds, at least once and in no promised order. A slow endpoint takes one
 * of the slots, never all of the loop: each slot goes back to work as soon as it is free.
 */
export function startDeliverer(pool: Pool, log: Log): Loop {
  const abort = new AbortController();
  const inFlight = new Set<Promise<void>>();
  const settle = createSettling(pool);

  const loop = startLoop({
    name: 'webhook delivery',
    log,
    idleMs: 2000,
    async turn() {
      const free = DELIVERY_CONCURRENCY - inFlight.size;
      if (free === 0) return 2000;
      const claims = await claimDue(pool, free);
      for (const claim of claims) {
        const job = deliver({ settle, log, claim, stop: abort.signal }).finally(() => {
          inFlight.delete(job);
          if (!abort.signal.aborted) loop.wake();
        });
        inFlight.add(job);
      }
      return claims.length === free ? 2000 : nextDueMs(pool);
    },
  });
  return {
    wake: loop.wake,
    async stop() {
      await loop.stop();
      abort.abort();
      await Promise.all(inFlight);
    },
  };
}

type Delivery = {
  settle: (attempt: Attempt) => Promise<void>;
  log: Log;
  claim: Claim;
  stop: AbortSignal;
};

async function deliver({ settle, log, claim, stop }: Delivery): Promise<void> {
  const outcome = await attempt(claim, stop);
  try {
    await settle({ claim, outcome });
  } catch (error) {
    // At least once: the lease runs out and the delivery is repeated.
    log('warn', 'webhook outcome not stored', {
      event: claim.event.id,
      error: error instanceof Error ? error.message : String(error),
    });
  }
  if (!isSuccess(outcome)) {
    log('warn', 'webhook failed', {
      event: claim.event.id,
      type: claim.event.type,
      attempt: claim.attempt,
      status: outcome.statusCode,
      error: outcome.error,
    });
  }
}

async function attempt(claim: Claim, stop: AbortSignal): Promise<Outcome> {
  const payload = JSON.stringify({ ...claim.event, pending_webhooks: claim.pending }, null, 2);
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: claim.secret });
  const started = performance.now();
  const durationMs = () => Math.round(performance.now() - started);
  try {
    const response = await fetch(claim.url, {
      method: 'POST',
      body: payload,
      redirect: 'manual',
      signal: AbortSignal.any([stop, AbortSignal.timeout(DELIVERY_TIMEOUT_SECONDS * 1000)]),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signature,
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
    });
    // Read to the end, else the connection cannot be used again.
    await response.arrayBuffer();
    return { statusCode: response.status, error: undefined, durationMs: durationMs() };
  } catch (error) {
    return { statusCode: undefined, error: reason(error), durationMs: durationMs() };
  }
}

/** `fetch failed` says nothing; its cause does. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
