import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { z } from 'zod';
import type { Logger } from '../../platform/log/index.ts';
import { openSession, type Pool } from '../../platform/postgres/index.ts';
import { SEEN_CHANNEL } from './checkpoints.ts';

/** How often the table is asked while somebody waits, should a notification be lost. */
const POLL_MS = 250;
const RECONNECT_MS = 500;

export type SeenTracker = {
  /** Waits until all of the projections have everything up to the position in the tables queries read. */
  waitFor(
    projections: readonly string[],
    position: bigint,
    until: { readonly deadline: number; readonly signal?: AbortSignal },
  ): Promise<'seen' | 'timeout'>;
  /** How far all of the projections have seen, at least; 0 while nothing is known. */
  seenOf(projections: readonly string[]): bigint;
  stop(): Promise<void>;
};

const noticeSchema = z.union([
  z.object({ seen: z.string(), projections: z.array(z.string()) }),
  z.object({ reset: z.literal(true) }),
]);

/**
 * Read-your-writes for any process: knows how far the live version of each projection has seen, by
 * listening to what the projections tell at each commit.
 */
export function createSeenTracker(options: { url: string; pool: Pool; log: Logger }): SeenTracker {
  const { url, pool, log } = options;
  const known = new Map<string, bigint>();
  const waiters = new Set<() => void>();
  const stopping = new AbortController();

  const learn = (projection: string, seen: bigint): void => {
    if (seen > (known.get(projection) ?? -1n)) known.set(projection, seen);
  };
  const wake = (): void => {
    for (const waiter of [...waiters]) waiter();
  };

  /** Counts how often everything known was dropped: an answer from before is not believed. */
  let generation = 0;
  const forget = (): void => {
    generation += 1;
    known.clear();
  };

  const look = async (): Promise<void> => {
    const asked = generation;
    const { rows } = await pool.query<{ projection: string; seen: string }>(
      `select projection, seen::text from projection.checkpoints
       join projection.versions using (projection, version) where live and seen is not null`,
    );
    if (asked !== generation) return look();
    for (const { projection, seen } of rows) learn(projection, BigInt(seen));
    wake();
  };

  let looking: Promise<void> | undefined;
  /** One question for all who wait. */
  const lookOnce = (): Promise<void> => {
    looking ??= look()
      .catch((error: unknown) => {
        log.debug({ err: error }, 'could not ask how far projections have seen');
      })
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  const heard = (payload: string | undefined): void => {
    const notice = noticeSchema.parse(JSON.parse(payload ?? ''));
    // Another version is live: it may have seen less than the one before.
    if ('reset' in notice) forget();
    else for (const projection of notice.projections) learn(projection, BigInt(notice.seen));
    wake();
  };

  const listen = async (): Promise<never> => {
    const client: pg.Client = await openSession({ url, name: 'seen tracker' });
    const { promise: lost, reject } = Promise.withResolvers<never>();
    lost.catch(() => {
      // Awaited below, unless this tracker was stopped before it got there.
    });
    client.on('error', reject);
    client.on('end', () => reject(new Error('the connection ended')));
    client.on('notification', ({ payload }) => {
      try {
        heard(payload);
      } catch (error) {
        log.error({ err: error, channel: SEEN_CHANNEL }, 'a notification nobody of us wrote');
      }
    });
    const aborted = (): void => reject(new Error('stopped'));
    stopping.signal.addEventListener('abort', aborted, { once: true });
    try {
      stopping.signal.throwIfAborted();
      // Postgres may have crashed and taken back what it had told (see `synchronous_commit` in
      // lock-session.ts), so nothing from before this connection is believed.
      forget();
      await Promise.race([client.query(`listen ${SEEN_CHANNEL}`), lost]);
      await Promise.race([look(), lost]);
      return await lost;
    } finally {
      stopping.signal.removeEventListener('abort', aborted);
      forget();
      await Promise.race([client.end(), delay(1000, undefined, { ref: false })]);
    }
  };

  const running = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await listen();
      } catch (error) {
        if (stopping.signal.aborted) break;
        log.warn({ err: error }, 'lost the connection that tells how far projections have seen');
        await delay(RECONNECT_MS, undefined, { signal: stopping.signal }).catch(() => {
          // Stopped while waiting: the loop's condition ends it.
        });
      }
    }
  })();

  const has = (projections: readonly string[], position: bigint): boolean =>
    projections.every((projection) => (known.get(projection) ?? -1n) >= position);

  return {
    waitFor: async (projections, position, { deadline, signal }) => {
      // What is known is kept up to date by notifications; what is not known is asked for at once.
      let nextLook = projections.every((name) => known.has(name)) ? Date.now() + POLL_MS : 0;
      while (!has(projections, position)) {
        const left = deadline - Date.now();
        if (left <= 0 || signal?.aborted === true || stopping.signal.aborted) return 'timeout';
        if (Date.now() >= nextLook) {
          nextLook = Date.now() + POLL_MS;
          await lookOnce();
          if (has(projections, position)) break;
        }
        await woken(waiters, Math.min(POLL_MS, Math.max(1, deadline - Date.now())), signal);
      }
      return 'seen';
    },
    seenOf: (projections) =>
      projections
        .map((projection) => known.get(projection) ?? 0n)
        .reduce((least, seen, index) => (index === 0 || seen < least ? seen : least), 0n),
    stop: async () => {
      stopping.abort();
      wake();
      await running;
    },
  };
}

/** Until the next news, at most so long. */
function woken(waiters: Set<() => void>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      waiters.delete(done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    waiters.add(done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
