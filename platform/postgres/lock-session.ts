import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { type CrashPoint, crossing } from '../crash-points/index.ts';
import { timeLimits } from '../time-limits.ts';
import { endSession, openSession } from './index.ts';
import { holdsSession, watched } from './session-watch.ts';

/**
 * How long Postgres lets the session be silent. An advisory lock alone is no lease: a stopped or
 * frozen holder would keep it for ever. This and the heartbeat hand it over in under five seconds.
 */
const IDLE_TIMEOUT_MS = 3500;
const STANDBY_POLL_MS = 250;
const STATEMENT_TIMEOUT_MS = timeLimits.postgres.long.statementMs;
/** Longer than any statement may run: whatever else is said of the session, it is lost then. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + 5000;

const SETTINGS = `
  set client_min_messages = warning;
  set statement_timeout = ${STATEMENT_TIMEOUT_MS};
  set idle_session_timeout = ${IDLE_TIMEOUT_MS};
  set idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS};
  set tcp_keepalives_idle = 2;
  set tcp_keepalives_interval = 1;
  set tcp_keepalives_count = 3;`;

/** The session was ended by us or by Postgres, or went silent. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
}

export type LockSession = {
  readonly client: pg.Client;
  /** Rejects when the session is lost, with its connection already closed; never resolves. */
  readonly lost: Promise<never>;
  /** Runs one piece of work after the other: a transaction is never interleaved with another. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Rolls back on any error; one that cannot be rolled back ends with the session. */
  transaction<T>(work: () => Promise<T>, commit?: CrashPoint): Promise<T>;
  /** Lets go of one of its locks, and keeps the others. */
  unlock(lock: string): Promise<void>;
  close(): Promise<void>;
};

export type LockSessionOptions = {
  readonly url: string;
  /** Names the connection in `pg_stat_activity`. */
  readonly name: string;
  /** What nobody else may hold at the same time. All are taken, or none. */
  readonly locks: readonly string[];
  /** Further `set` statements. */
  readonly settings?: string;
  /** Called each second, so that the session is not idle; its statement is the heartbeat. */
  readonly heartbeat?: (client: pg.Client) => Promise<unknown>;
  /** How long a statement may go unanswered. Longer than any statement may run. */
  readonly silenceMs?: number;
  /** Told at each look at the locks: whether another process has one of them. */
  readonly onStandby?: (standby: boolean) => void;
  /** Ends the opening, which can take for ever; an open session is ended by `close`. */
  readonly stopping?: AbortSignal;
};

/**
 * A connection of its own that holds locks. Whatever is written through it is fenced: who loses the
 * locks has lost the connection and can write nothing. While another process has one of them it
 * stands by, asking four times a second. Close it if anything fails after this: its heartbeat keeps
 * the locks.
 */
export async function openLockSession(options: LockSessionOptions): Promise<LockSession> {
  const { url, name, settings = '', silenceMs = SILENCE_MS, stopping } = options;
  const beatOnce = options.heartbeat ?? ((on: pg.Client) => on.query('select 1'));
  const client = await openSession({ url, name });
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {
    // Whoever uses the session watches it; it may be lost before anybody does.
  });
  const over = new AbortController();
  const lose = (cause: unknown): void => {
    const error = new SessionLostError(`the session of ${name} was lost`, { cause });
    reject(error);
    over.abort(error);
    // What waits for an answer is told, too: of a black hole nobody else would.
    void client.end();
  };
  client.on('error', lose);
  client.on('end', () => lose(new Error('the connection ended')));

  const watch = { quietMs: timeLimits.session.quietMs, silenceMs };
  const isThere = () => holdsSession(url, client);
  const answered = <T>(work: Promise<T>): Promise<T> => watched(work, watch, isThere, lose);

  const stopOpening = (): void => lose(stopping?.reason);
  stopping?.addEventListener('abort', stopOpening, { once: true });
  try {
    stopping?.throwIfAborted();
    await answered(client.query(SETTINGS + settings));
    while (!(await answered(tryLocks(client, options.locks)))) {
      options.onStandby?.(true);
      await delay(STANDBY_POLL_MS, undefined, { signal: over.signal });
    }
    options.onStandby?.(false);
  } catch (error) {
    const lostBefore = over.signal.aborted;
    await endSession(client);
    stopping?.throwIfAborted();
    // Why it was lost, and not that a closed connection cannot be asked.
    throw lostBefore ? over.signal.reason : error;
  } finally {
    stopping?.removeEventListener('abort', stopOpening);
  }

  const beat = async (): Promise<void> => {
    try {
      await answered(beatOnce(client));
    } catch (error) {
      // 25P02: it fell into a transaction that is about to be rolled back. The session lives.
      if (!(error instanceof Error && 'code' in error && error.code === '25P02')) lose(error);
    }
  };
  let beating = false;
  const timer = setInterval(() => {
    if (beating) return;
    beating = true;
    void beat().finally(() => {
      beating = false;
    });
  }, timeLimits.session.heartbeatMs);

  let queue: Promise<unknown> = Promise.resolve();
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    // The next in line does not care how this one ended; its caller gets the error.
    queue = result.catch(() => undefined);
    return result;
  };

  return {
    client,
    lost,
    exclusive,
    transaction: async (work, commit) => {
      await client.query('begin');
      try {
        const result = await work();
        await crossing(commit ?? null, () => client.query('commit'));
        return result;
      } catch (error) {
        // A rollback that fails is the session's trouble; the caller gets what went wrong first.
        await client.query('rollback').catch(lose);
        throw error;
      }
    },
    unlock: async (lock) => {
      await client.query(`select pg_advisory_unlock(${keyOf('$1')})`, [lock]);
    },
    close: async () => {
      clearInterval(timer);
      await endSession(client);
    },
  };
}

/** The key of the advisory lock that has a name, as SQL of the parameter or column that holds it. */
const keyOf = (name: string): string => `hashtextextended(${name}, 11)`;

/** Which of these locks somebody holds now. Nobody is kept from taking one by being asked. */
export async function heldLocks(
  pool: pg.Pool,
  locks: readonly string[],
): Promise<ReadonlySet<string>> {
  // A lock of 64 bits stands in two columns of 32.
  const { rows } = await pool.query<{ name: string }>(
    `select name from unnest($1::text[]) as wanted (name) where exists (
       select from pg_locks
        where locktype = 'advisory' and objsubid = 1 and granted
          and database = (select oid from pg_database where datname = current_database())
          and (classid::bigint << 32) | objid::bigint = ${keyOf('name')})`,
    [locks],
  );
  return new Set(rows.map(({ name }) => name));
}

async function tryLocks(client: pg.Client, locks: readonly string[]): Promise<boolean> {
  for (const lock of locks) {
    const { rows } = await client.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(${keyOf('$1')}) as locked`,
      [lock],
    );
    if (rows[0]?.locked !== true) {
      // All or none: two processes that each hold a part must not wait for each other.
      await client.query('select pg_advisory_unlock_all()');
      return false;
    }
  }
  return true;
}
