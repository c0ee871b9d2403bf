import type { Logger } from '../../platform/log/index.ts';
import { type Pool, transaction } from '../../platform/postgres/index.ts';
import { counter } from '../../platform/telemetry/index.ts';
import { pauseAfter } from '../_runtime/failures.ts';
import { atMost, createWake, PATIENCE_MS } from '../_runtime/wake.ts';
import type { Followed } from './fold-object.ts';
import { endLease, type ObjectLease, takeLeases, underLease } from './leases.ts';

type Waiting = {
  readonly objectId: string;
  readonly objectType: string;
  /** The webhooks that one look answers: all that were there before it. */
  readonly eventIds: readonly string[];
  readonly attempts: number;
};

const LONGEST_SLEEP_MS = 1000;

export type InboxWorker = { wake(): void; stop(): Promise<void> };

/**
 * Works the inbox off by object: many webhooks about one object are one look at it. What arrives
 * while somebody looks waits for the next look, because it may tell of something newer.
 */
export function startInboxWorker(options: {
  pool: Pool;
  follow: (object: { type: string; id: string }) => Promise<Followed>;
  onFollowed: () => void;
  concurrency?: number;
  log: Logger;
}): InboxWorker {
  const { pool, follow, onFollowed, concurrency = 8, log } = options;
  const running = new Set<Promise<void>>();
  const wake = createWake();
  let stopped = false;
  const followed = counter({
    name: 'pawprint_stripe_objects_followed_total',
    help: 'Looks at objects of Stripe after webhooks, by what came of them',
    labels: ['type', 'outcome'],
  });

  const claim = async (limit: number): Promise<(Waiting & { lease: ObjectLease })[]> => {
    const due = await pool.query<{ object_id: string }>(
      `select object_id from stripe.inbox
        where status = 'pending' and next_attempt_at <= clock_timestamp()
          and not exists (select 1 from stripe.object_leases l
                           where l.object_id = inbox.object_id and l.lease_until > clock_timestamp())
        group by object_id order by min(received_at) limit $1`,
      [limit],
    );
    if (due.rows.length === 0) return [];
    const leases = await takeLeases(
      pool,
      due.rows.map((row) => row.object_id),
    );
    // Under the lease: what is listed here was stored before the look that follows.
    const { rows } = await pool.query<Waiting>(
      `select object_id as "objectId", min(object_type) as "objectType",
              array_agg(event_id) as "eventIds", max(attempts) as attempts
         from stripe.inbox where status = 'pending' and object_id = any ($1) group by object_id`,
      [leases.map((lease) => lease.objectId)],
    );
    const byId = new Map(rows.map((row) => [row.objectId, row]));
    return leases.map((lease) => ({
      ...(byId.get(lease.objectId) ?? {
        objectId: lease.objectId,
        objectType: '',
        eventIds: [],
        attempts: 0,
      }),
      lease,
    }));
  };

  const succeed = (waiting: Waiting, lease: ObjectLease, outcome: Followed): Promise<void> =>
    transaction(pool, async (session) => {
      await endLease(session, lease);
      await session.query(
        `update stripe.inbox set status = $2, reason = $3, processed_at = clock_timestamp(),
                attempts = attempts + 1
          where event_id = any ($1) and status = 'pending'`,
        [
          waiting.eventIds,
          outcome.kind === 'ignored' ? 'ignored' : 'processed',
          outcome.kind === 'processed' ? null : outcome.reason,
        ],
      );
    });

  const fail = (waiting: Waiting, lease: ObjectLease, error: Error): Promise<void> =>
    transaction(pool, async (session) => {
      await endLease(session, lease);
      await session.query(
        `update stripe.inbox set attempts = attempts + 1, last_error = $2,
                next_attempt_at = clock_timestamp() + $3 * interval '1 millisecond'
          where event_id = any ($1) and status = 'pending'`,
        [waiting.eventIds, `${error.name}: ${error.message}`, pauseAfter(waiting.attempts + 1)],
      );
    });

  const work = async (waiting: Waiting, lease: ObjectLease): Promise<void> => {
    const object = { type: waiting.objectType, id: waiting.objectId };
    if (waiting.eventIds.length === 0) {
      // Another worker was done with it between our look and our lease.
      await endLease(pool, lease);
      return;
    }
    const outcome = await underLease(pool, lease, () => follow(object)).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    if (outcome instanceof Error) {
      followed.inc({ type: object.type, outcome: 'failed' });
      log.warn({ err: outcome, object }, 'an object of Stripe could not be followed; trying again');
      await fail(waiting, lease, outcome);
      return;
    }
    followed.inc({ type: object.type, outcome: outcome.kind });
    if (outcome.kind === 'refused')
      log.error({ object, reason: outcome.reason }, 'Stripe and the log disagree');
    await succeed(waiting, lease, outcome);
    onFollowed();
  };

  const turn = async (): Promise<number> => {
    const limit = concurrency - running.size;
    if (limit <= 0) return LONGEST_SLEEP_MS;
    const claimed = await claim(limit);
    for (const { lease, ...waiting } of claimed) {
      const task = work(waiting, lease)
        .catch((error: unknown) => {
          // The lease runs out, and the object is looked at again.
          log.warn(
            { err: error, object: lease.objectId },
            'the end of a look could not be recorded',
          );
        })
        .finally(() => {
          running.delete(task);
          wake.wake();
        });
      running.add(task);
    }
    if (claimed.length > 0) return 0;
    const next = await pool.query<{ ms: number | null }>(
      `select ceil(extract(epoch from min(next_attempt_at) - clock_timestamp()) * 1000)::int as ms
         from stripe.inbox where status = 'pending' and next_attempt_at > clock_timestamp()`,
    );
    return Math.min(LONGEST_SLEEP_MS, Math.max(1, next.rows[0]?.ms ?? LONGEST_SLEEP_MS));
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      const pause = await turn().catch((error: unknown) => {
        log.warn({ err: error }, 'the Stripe inbox could not be looked at; trying again');
        return LONGEST_SLEEP_MS;
      });
      if (pause > 0 && !stopped) await wake.sleep(pause);
    }
  };
  const loop = run();

  return {
    wake: wake.wake,
    stop: async () => {
      stopped = true;
      wake.wake();
      await atMost(
        loop.then(() => Promise.allSettled([...running])),
        PATIENCE_MS,
      );
    },
  };
}
