import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { ServerAwayError } from './errors.ts';

/** Unless said otherwise: a cluster that chooses a leader, or a node that is started again. */
export const PATIENCE_MS = 60_000;
const PAUSE_MS = 250;

const passing: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);

/** Whether a failed call may succeed later: the server is away, busy, or another one leads now. */
export const mayPass = (error: unknown): boolean => {
  if (!(error instanceof Error && 'code' in error)) return false;
  if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') return true;
  const notLeader =
    'metadata' in error &&
    error.code === status.NOT_FOUND &&
    String(error.metadata).includes('not-leader');
  return notLeader || (typeof error.code === 'number' && passing.has(error.code));
};

/** Waits between tries until nothing has moved for too long. */
export type Patience = {
  /** Something moved: the time begins anew. */
  moved(): void;
  /** Waits before the next try; throws a `ServerAwayError` when the time is over. */
  wait(why: string, cause?: unknown): Promise<void>;
};

export const createPatience = (
  what: string,
  patienceMs: number,
  signal: AbortSignal | undefined,
): Patience => {
  let since = performance.now();
  return {
    moved: () => {
      since = performance.now();
    },
    async wait(why, cause) {
      if (performance.now() - since >= patienceMs) {
        const seconds = Math.round(patienceMs / 1_000);
        throw new ServerAwayError(`${what} has not answered for ${seconds} s: ${why}`, { cause });
      }
      await delay(PAUSE_MS, undefined, signal === undefined ? {} : { signal });
    },
  };
};
