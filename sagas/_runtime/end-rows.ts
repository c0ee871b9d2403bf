import { crossing } from '../../platform/crash-points/index.ts';
import type { Host } from '../../platform/host/index.ts';
import type { Database } from '../../platform/postgres/index.ts';
import { together } from '../../platform/together.ts';
import { endDone, type LeasedRow, LeaseLostError } from './outbox-rows.ts';

/**
 * Ends rows whose work is done, those together that come together. The promise rejects with
 * `LeaseLostError` when the row is not this worker's any more.
 */
export const createRowEnder = (
  pool: Database,
  host: Pick<Host, 'soon'>,
): ((row: LeasedRow) => Promise<true>) =>
  together<LeasedRow, true>(async (rows) => {
    const ended = await crossing('saga.end-row', () => endDone(pool, rows));
    return rows.map(({ id, name, instance }) =>
      ended.has(id) ? true : new LeaseLostError(`${name} of ${instance} was taken over`),
    );
  }, host.soon);
