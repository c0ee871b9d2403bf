import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** Any two numbers would do; they must only be the same in every node and used by nothing else. */
const LOCK = '1886419824, 20240600';
const POLL_MS = 50;
/** As long as a session that does nothing lives (`idle_session_timeout`). */
const FROZEN_SECONDS = 60;

/** Another node works on this database. Two writers would break the order of the log. */
export class LogInUseError extends Error {
  constructor(holder: string) {
    super(
      `another event store node is working on this database (${holder}); a log has one node, stop that one first`,
    );
    this.name = 'LogInUseError';
  }
}

const HOLDER = `
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.granted and l.database =
    (select oid from pg_database where datname = current_database())
    and (l.classid::bigint, l.objid::bigint) = (${LOCK})`;

const holderOf = async (client: pg.Client): Promise<string> => {
  const found = await client.query<[string]>({
    text: `
      select coalesce(a.application_name, '?') || ', backend ' || l.pid || ', since ' ||
        to_char(a.backend_start at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') ${HOLDER}`,
    rowMode: 'array',
  });
  return found.rows[0]?.[0] ?? 'it has just gone';
};

/**
 * Ends the session that holds the lock if it has waited so long for the rest of a commit. A node that
 * stops breathing in the midst of a COPY is not idle to Postgres, so that no time-out ends it; what it
 * had sent goes with its transaction.
 */
export const endFrozenHolder = async (
  client: pg.Client,
  seconds = FROZEN_SECONDS,
): Promise<void> => {
  await client.query({
    text: `select pg_terminate_backend(l.pid) ${HOLDER}
      and a.state = 'active' and a.wait_event = 'ClientRead'
      and a.state_change <= clock_timestamp() - make_interval(secs => $1)`,
    values: [seconds],
  });
};

/** Waits for the lock of the log; throws `LogInUseError` after `waitMs`. */
export const takeLock = async (client: pg.Client, waitMs: number): Promise<void> => {
  const until = Date.now() + waitMs;
  for (;;) {
    const taken = await client.query<[string]>({
      text: `select pg_try_advisory_lock(${LOCK})::text`,
      rowMode: 'array',
    });
    if (taken.rows[0]?.[0] === 'true') return;
    if (Date.now() >= until) throw new LogInUseError(await holderOf(client));
    await endFrozenHolder(client);
    await delay(POLL_MS);
  }
};
