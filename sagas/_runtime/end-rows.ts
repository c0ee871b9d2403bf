import { crossing } from '../../platform/crash-points/index.ts';
import type { Host } from '../../platform/host/index.ts';
import type { Database } from '../../platform/postgres/index.ts';
import { endDone, type LeasedRow, LeaseLostError } from './outbox-rows.ts';

type Ending = {
  readonly row: LeasedRow;
  resolve(): void;
  reject(error: unknown): void;
};

/**
 * Ends rows whose work is done, those together that come together: while one statement is under way
 * the next ones gather, so that a busy outbox has one commit for many rows and an idle one no delay.
 * The promise rejects with `LeaseLostError` when the row is not this worker's any more.
 */
export function createRowEnder(
  pool: Database,
  host: Pick<Host, 'soon'>,
): (row: LeasedRow) => Promise<void> {
  let waiting: Ending[] = [];
  let flushing = false;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const rows = batch.map(({ row }) => row);
        const ended = await crossing('saga.end-row', () => endDone(pool, rows));
        for (const { row, resolve, reject } of batch) {
          if (ended.has(row.id)) resolve();
          else reject(new LeaseLostError(`${row.name} of ${row.instance} was taken over`));
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    flushing = false;
  };

  return (row) =>
    new Promise((resolve, reject) => {
      waiting.push({ row, resolve, reject });
      if (flushing) return;
      flushing = true;
      host.soon(() => void flush());
    });
}
