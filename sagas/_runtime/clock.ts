import type { Host } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import type { Database } from '../../platform/postgres/index.ts';
import { LONGEST_PAUSE_MS } from './failures.ts';
import { type Loop, startLoop } from './loop.ts';

const LOOK_MS = 5000;
/** Times of the database and of its sessions are never this far apart without a jump. */
export const MARGIN_MS = 5000;

/**
 * Puts right what a database clock that was set back left in the future. No pause is longer than
 * `LONGEST_PAUSE_MS`, no lease than `leaseMs`: a row that waits for longer would stand still for as
 * long as the clock went back, a day maybe. A worker that is alive renews its lease meanwhile.
 * How many rows there were.
 */
export async function mendFuture(pool: Database, leaseMs: number): Promise<number> {
  const { rows } = await pool.query<{ mended: number }>(
    `with pauses as (
       update saga.outbox set next_attempt_at = clock_timestamp()
        where status = 'pending' and kind in ('command', 'side-effect') and ended is null
          and next_attempt_at > clock_timestamp() + $1 * interval '1 millisecond' returning 1
     ), leases as (
       update saga.outbox set lease_until = clock_timestamp() + $2 * interval '1 millisecond'
        where status = 'leased' and kind in ('command', 'side-effect') and ended is null
          and lease_until > clock_timestamp() + $3 * interval '1 millisecond' returning 1
     )
     select (select count(*) from pauses)::int + (select count(*) from leases)::int as mended`,
    [LONGEST_PAUSE_MS + MARGIN_MS, leaseMs, leaseMs + MARGIN_MS],
  );
  return rows[0]?.mended ?? 0;
}

/** Looks every few seconds; `mend` says how many rows it put right, `onMended` wakes the workers. */
export function watchClock(options: {
  readonly mend: () => Promise<number>;
  readonly onMended: () => void;
  readonly log: Logger;
  readonly host: Host;
}): Loop {
  const { mend, onMended, log, host } = options;
  return startLoop({
    ...{ log, host, what: 'the clock of the database' },
    turn: async () => {
      const mended = await mend();
      if (mended > 0) {
        log.warn({ rows: mended }, 'the clock of the database was set back: rows were put right');
        onMended();
      }
      return LOOK_MS;
    },
  });
}
