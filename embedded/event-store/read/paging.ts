import { setTimeout as delay } from 'node:timers/promises';
import { type RecordedEvent, weightOf } from '../core/model.ts';
import { DamagedEventError } from '../log/checksum.ts';
import { isRefusal, isShortage, messageOf } from '../log/connection.ts';

/** Rows per page, so that a page is some megabytes whatever the size of the events. */
const FIRST_PAGE = 100;
const MOST_ROWS = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

export type PageSize = { readonly rows: number; learn(events: readonly RecordedEvent[]): void };

export const adaptivePage = (): PageSize => {
  // A field and not a getter, for the reason in `write/queue.ts`.
  const page = {
    rows: FIRST_PAGE,
    learn(events: readonly RecordedEvent[]): void {
      if (events.length === 0) return;
      const each = events.reduce((sum, one) => sum + weightOf(one), 0) / events.length;
      page.rows = Math.max(4, Math.min(MOST_ROWS, page.rows * 2, Math.floor(PAGE_BYTES / each)));
    },
  };
  return page;
};

/** Postgres could not be asked for as long as a reader was willing to wait. */
export class LogUnavailableError extends Error {
  override name = 'LogUnavailableError';
}

/** Neither damage nor a statement that Postgres will not have gets better by trying. */
const isFinal = (error: unknown): boolean =>
  error instanceof DamagedEventError || (isRefusal(error) && !isShortage(error));

/**
 * Tries again while Postgres is away (it may be restarting).
 * `patienceMs` is how long; a subscription waits as long as its subscriber does.
 */
export const patiently = async <T>(
  read: () => Promise<T>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<T> => {
  const until = Date.now() + patienceMs;
  for (let wait = 20; ; wait = Math.min(wait * 2, 500)) {
    try {
      return await read();
    } catch (error) {
      if (isFinal(error) || signal.aborted) throw error;
      if (Date.now() + wait > until) {
        throw new LogUnavailableError(`the event log cannot be read: ${messageOf(error)}`, {
          cause: error,
        });
      }
      await delay(wait, undefined, { signal });
    }
  }
};
