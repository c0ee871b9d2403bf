import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedEvent } from '../core/model.ts';
import { DamagedEventError } from '../log/checksum.ts';
import { messageOf } from '../log/connection.ts';

/** Rows per page, so that a page is some megabytes whatever the size of the events. */
const FIRST_PAGE = 100;
const MOST_ROWS = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

export type PageSize = { readonly rows: number; learn(events: readonly RecordedEvent[]): void };

export const adaptivePage = (): PageSize => {
  let rows = FIRST_PAGE;
  return {
    get rows() {
      return rows;
    },
    learn(events) {
      if (events.length === 0) return;
      const bytes = events.reduce((sum, one) => sum + one.data.length + one.metadata.length, 0);
      const each = bytes / events.length + 200;
      rows = Math.max(4, Math.min(MOST_ROWS, rows * 2, Math.floor(PAGE_BYTES / each)));
    },
  };
};

/** Postgres could not be asked for as long as a reader was willing to wait. */
export class LogUnavailableError extends Error {
  override name = 'LogUnavailableError';
}

/**
 * Tries again while Postgres is away (it may be restarting). Damage does not get better by trying.
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
      if (error instanceof DamagedEventError || signal.aborted) throw error;
      if (Date.now() + wait > until) {
        throw new LogUnavailableError(`the event log cannot be read: ${messageOf(error)}`, {
          cause: error,
        });
      }
      await delay(wait, undefined, { signal });
    }
  }
};
