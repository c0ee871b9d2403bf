import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { openSession } from '../../platform/postgres/index.ts';
import type { ProjectionDefinition } from './definition.ts';

/**
 * How long Postgres lets the session be silent. An advisory lock alone is no lease: a stopped or
 * frozen holder would keep it for ever. This and the heartbeat hand it over in under five seconds.
 */
export const IDLE_TIMEOUT_MS = 3500;
const HEARTBEAT_MS = 1000;
const STANDBY_POLL_MS = 250;
const STATEMENT_TIMEOUT_MS = 15_000;
/** A heartbeat waits behind a running statement; later than this, the connection is a black hole. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + 5000;

const SETTINGS = `
  set timezone = 'UTC';
  set client_min_messages = warning;
  set statement_timeout = ${STATEMENT_TIMEOUT_MS};
  set lock_timeout = 10000;
  set idle_session_timeout = ${IDLE_TIMEOUT_MS};
  set idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS};
  -- Rows are always looked up by key. A plan that was made while a table was small would go on
  -- reading all of it (half the speed after 10,000 events).
  set enable_seqscan = off;
  set enable_hashjoin = off;
  set enable_mergejoin = off;
  -- A crash of Postgres may take the last commits back: rows and checkpoint go together, so the
  -- projection resumes there and folds them again. Not waiting for the disk is several times faster.
  set synchronous_commit = off;`;

/** The session was ended by us or by Postgres, or went silent. */
export class SessionLostError extends Error {
  override readonly name = 'SessionLostError';
}

export type LockSession = {
  readonly client: pg.Client;
  /** Rejects when the session is lost; never resolves. */
  readonly lost: Promise<never>;
  /** Runs one piece of work after the other: a transaction is never interleaved with another. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  transaction<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

const lockName = ({ name, version }: ProjectionDefinition): string =>
  `pawprint projection ${name} v${version}`;

async function tryLocks(
  client: pg.Client,
  definitions: readonly ProjectionDefinition[],
): Promise<boolean> {
  for (const definition of definitions) {
    const { rows } = await client.query<{ locked: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 11)) as locked',
      [lockName(definition)],
    );
    if (rows[0]?.locked !== true) {
      // All or none: two processes that each hold a part must not wait for each other.
      await client.query('select pg_advisory_unlock_all()');
      return false;
    }
  }
  return true;
}

/**
 * A connection of its own that holds the locks of projections. While another process has one of
 * them it stands by, asking four times a second, until `stopping` says otherwise.
 */
export async function openLockSession(options: {
  url: string;
  name: string;
  definitions: readonly ProjectionDefinition[];
  stopping: AbortSignal;
  /** Called each second, so that the session is not idle; its statement is the heartbeat. */
  heartbeat: (client: pg.Client) => Promise<void>;
  onStandby: (standby: boolean) => void;
}): Promise<LockSession> {
  const client = await openSession({ url: options.url, name: options.name });
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {
    // Whoever consumes the session watches it; it may be lost before anybody does.
  });
  const lose = (error: Error): void =>
    reject(new SessionLostError(`the session of ${options.name} was lost`, { cause: error }));
  client.on('error', lose);
  client.on('end', () => lose(new Error('the connection ended')));

  try {
    await client.query(SETTINGS);
    while (!(await tryLocks(client, options.definitions))) {
      options.onStandby(true);
      options.stopping.throwIfAborted();
      await delay(STANDBY_POLL_MS, undefined, { signal: options.stopping });
    }
    options.onStandby(false);
  } catch (error) {
    await client.end();
    throw error;
  }

  const beat = async (): Promise<void> => {
    const late = setTimeout(() => lose(new Error(`no answer for ${SILENCE_MS} ms`)), SILENCE_MS);
    try {
      await options.heartbeat(client);
    } catch (error) {
      // 25P02: it fell into a transaction that is about to be rolled back. The session lives.
      if (!(error instanceof Error && 'code' in error && error.code === '25P02')) {
        lose(error instanceof Error ? error : new Error(String(error)));
      }
    } finally {
      clearTimeout(late);
    }
  };
  let beating = false;
  const timer = setInterval(() => {
    if (beating) return;
    beating = true;
    void beat().finally(() => {
      beating = false;
    });
  }, HEARTBEAT_MS);

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
    transaction: async (work) => {
      await client.query('begin');
      try {
        const result = await work();
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback');
        throw error;
      }
    },
    close: async () => {
      clearInterval(timer);
      // A black hole never says goodbye.
      await Promise.race([client.end(), delay(1000, undefined, { ref: false })]);
    },
  };
}
