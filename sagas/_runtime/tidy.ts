import { type Host, machine } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { type Database, PATIENTLY, patient } from '../../platform/postgres/index.ts';

/** How long done rows and fired timers can be looked at. */
const KEPT = `interval '30 days'`;
const TIDY_MS = 60 * 60 * 1000;

/**
 * Removes what is done and was looked at long enough: outbox rows with their attempts, timers that
 * fired or were called off, requests that were answered. What somebody has to look at (given up, parked) stays, and so does an
 * instance's state: it is one row for each enrollment.
 */
export async function tidySagas(pool: Database): Promise<void> {
  await pool.query(
    patient(`
     ${PATIENTLY};
     delete from saga.outbox where ended in ('done', 'cancelled') and done_at < now() - ${KEPT};
     delete from saga.timers where status <> 'pending' and updated_at < now() - ${KEPT};
     delete from saga.requests where answered_at < now() - ${KEPT}`),
  );
}

/** At once, because a process may never live for an hour, and then every hour. */
export function keepSagasTidy(
  pool: Database,
  log: Logger,
  host: Host = machine,
): { stop(): Promise<void> } {
  const tidy = (): Promise<void> =>
    tidySagas(pool).catch((error: unknown) =>
      log.warn({ err: error }, 'old saga rows could not be removed'),
    );
  let running = tidy();
  const callOff = host.every(TIDY_MS, () => {
    running = tidy();
  });
  return {
    stop: async () => {
      callOff();
      await running;
    },
  };
}
