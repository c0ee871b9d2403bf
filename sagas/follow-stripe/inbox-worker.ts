import { crossing } from '../../platform/crash-points/index.ts';
import { type Host, machine } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { type Database, transaction } from '../../platform/postgres/index.ts';
import { counter } from '../../platform/telemetry/index.ts';
import { classify, createTrouble, pauseAfter } from '../_runtime/failures.ts';
import { LONGEST_SLEEP_MS, startLoop, untilDue } from '../_runtime/loop.ts';
import { atMost, PATIENCE_MS } from '../_runtime/wake.ts';
import { type Claimed, claimObjects, type Waiting } from './claim-objects.ts';
import { createLookEnder } from './end-objects.ts';
import type { Followed } from './fold-object.ts';
import { endLease, type ObjectLease, underLease } from './leases.ts';

/** Attempts at what fails for no known reason; outages are not given up on. */
const MAX_ATTEMPTS = 12;

export type InboxWorker = { wake(): void; stop(): Promise<void> };

/**
 * Works the inbox off by object: many webhooks about one object are one look at it. What arrives
 * while somebody looks waits for the next look, because it may tell of something newer.
 */
export function startInboxWorker(options: {
  pool: Database;
  /** To be given up when the signal says that somebody else looks now. */
  follow: (object: { type: string; id: string }, signal: AbortSignal) => Promise<Followed>;
  onFollowed: () => void;
  concurrency?: number;
  log: Logger;
  host?: Host;
}): InboxWorker {
  const { pool, follow, onFollowed, concurrency = 16, log, host = machine } = options;
  const running = new Set<Promise<void>>();
  const trouble = createTrouble();
  const endLook = createLookEnder(pool, host);
  const followed = counter({
    name: 'pawprint_stripe_objects_followed_total',
    help: 'Looks at objects of Stripe after webhooks, by what came of them',
    labels: ['type', 'outcome'],
  });

  const claim = (limit: number): Promise<Claimed[]> =>
    crossing('inbox.take-object', () => claimObjects(pool, limit));

  /** What waited for an outage is looked at when it is over. If that fails it waits for its turn. */
  const tryNow = async (objectIds: readonly string[]): Promise<void> => {
    if (objectIds.length === 0) return;
    try {
      await pool.query(
        `update stripe.inbox set next_attempt_at = clock_timestamp()
          where status = 'pending' and object_id = any ($1) and next_attempt_at > clock_timestamp()`,
        [objectIds],
      );
      loop.wake();
    } catch (error) {
      log.warn({ err: error }, 'objects that waited for an outage wait for their turn');
    }
  };

  const fail = async (
    waiting: Waiting,
    lease: ObjectLease,
    { error, ended }: { error: Error; ended: number },
  ): Promise<void> => {
    const attempt = waiting.attempts + 1;
    const failure = classify(error);
    const over = failure === 'never' || (failure === 'unexpected' && attempt >= MAX_ATTEMPTS);
    const longestMs = trouble.failed(waiting.objectId, failure);
    const pauseMs = pauseAfter(attempt, longestMs, host.random);
    if (over) trouble.givenUp(waiting.objectId);
    await transaction(pool, async (session) => {
      await endLease(session, lease);
      await session.query(
        `update stripe.inbox set status = $4, attempts = attempts + 1, last_error = $2,
                next_attempt_at = clock_timestamp() + $3 * interval '1 millisecond'
          where event_id = any ($1) and status = 'pending'`,
        [waiting.eventIds, `${error.name}: ${error.message}`, pauseMs, over ? 'dead' : 'pending'],
      );
    });
    // The outage ended between its failure and its pause: nobody would bring it forward.
    if (!over && trouble.outagesEnded() !== ended) await tryNow([waiting.objectId]);
    const about = {
      err: error,
      object: { type: waiting.objectType, id: waiting.objectId },
      attempt,
    };
    followed.inc({ type: waiting.objectType, outcome: over ? 'dead' : 'failed' });
    if (over) log.error(about, 'given up on an object of Stripe: somebody has to look');
    else log.warn(about, 'an object of Stripe could not be followed; trying again');
  };

  const work = async ({ lease, ...waiting }: Claimed): Promise<void> => {
    const object = { type: waiting.objectType, id: waiting.objectId };
    const ended = trouble.outagesEnded();
    const outcome = await underLease({ pool, log, host }, lease, (signal) =>
      follow(object, signal),
    ).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
    if (outcome instanceof Error) {
      await fail(waiting, lease, { error: outcome, ended });
      return;
    }
    await tryNow(trouble.worked(waiting.objectId));
    followed.inc({ type: object.type, outcome: outcome.kind });
    if (outcome.kind === 'refused')
      log.error({ object, reason: outcome.reason }, 'Stripe and the log disagree');
    await endLook({ lease, eventIds: waiting.eventIds, outcome });
    onFollowed();
  };

  const turn = async (): Promise<number> => {
    const limit = concurrency - running.size;
    if (limit <= 0) return LONGEST_SLEEP_MS;
    const claimed = await claim(limit);
    for (const one of claimed) {
      const task = work(one)
        .catch((error: unknown) => {
          // The lease runs out, and the object is looked at again.
          log.warn({ err: error, object: one.objectId }, 'the end of a look could not be recorded');
        })
        .finally(() => {
          running.delete(task);
          loop.wake();
        });
      running.add(task);
    }
    if (claimed.length === limit) return 0;
    // It looks again at once: when the next webhook is due does not matter then.
    if (loop.woken()) return LONGEST_SLEEP_MS;
    const next = await pool.query<{ ms: number | null }>({
      name: 'next webhook',
      text: `select ceil(extract(epoch from min(next_attempt_at) - clock_timestamp()) * 1000)::int as ms
         from stripe.inbox where status = 'pending' and next_attempt_at > clock_timestamp()`,
    });
    return untilDue(next.rows[0]?.ms);
  };

  const loop = startLoop({ log, what: 'the Stripe inbox', turn, host });

  return {
    wake: loop.wake,
    stop: async () => {
      await atMost(
        loop.stop().then(() => Promise.allSettled([...running])),
        PATIENCE_MS,
        host,
      );
    },
  };
}
