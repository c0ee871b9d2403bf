import { z } from 'zod';
import type { Logger } from '../../platform/log/index.ts';
import type { Pool } from '../../platform/postgres/index.ts';
import { listen } from '../../platform/postgres/listen.ts';
import { SEEN_CHANNEL } from './checkpoints.ts';

/** How often the table is asked while somebody waits, should a notification be lost. */
const POLL_MS = 250;

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
  z.object({
    seen: z.string(),
    projections: z.array(z.string()),
    /** Of each of them; a release of before does not say it. */
    versions: z.array(z.int()).optional(),
  }),
  z.object({ reset: z.literal(true) }),
]);

/**
 * Read-your-writes for any process: knows how far the live version of each projection has seen, by
 * listening to what the projections tell at each commit.
 */
export function createSeenTracker(options: { url: string; pool: Pool; log: Logger }): SeenTracker {
  const { url, pool, log } = options;
  const known = new Map<string, bigint>();
  /** The versions queries read, as far as somebody has looked since everything known was dropped. */
  const read = new Map<string, number>();
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
    read.clear();
  };

  const look = async (): Promise<void> => {
    const asked = generation;
    const { rows } = await pool.query<{ projection: string; version: number; seen: string | null }>(
      `select projection, version, seen::text from projection.checkpoints
       join projection.versions using (projection, version) where live`,
    );
    if (asked !== generation) return look();
    for (const { projection, version, seen } of rows) {
      read.set(projection, version);
      if (seen !== null) learn(projection, BigInt(seen));
    }
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

  const heard = (payload: string): void => {
    const notice = noticeSchema.parse(JSON.parse(payload));
    if ('reset' in notice) {
      // Another version is live: it may have seen less than the one before.
      forget();
      void lookOnce();
      return;
    }
    for (const [index, projection] of notice.projections.entries()) {
      // Whoever runs the version of before learns within a second that queries read it no more.
      const isRead = (notice.versions?.[index] ?? null) === (read.get(projection) ?? null);
      // Not `learn`: they come in the order of the commits, so a lower one says that it began anew.
      if (isRead || notice.versions === undefined) known.set(projection, BigInt(notice.seen));
    }
    wake();
  };

  const listener = listen({
    url,
    channel: SEEN_CHANNEL,
    heard,
    connected: () => {
      // Postgres may have crashed and taken back what it had told (see `synchronous_commit` in
      // group.ts), so nothing from before this connection is believed.
      forget();
      return look();
    },
    lost: forget,
    log,
  });

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
      await listener.stop();
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
