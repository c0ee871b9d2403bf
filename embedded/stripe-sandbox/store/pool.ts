import pg from 'pg';
import { gatheringSocket } from './gathering-socket.ts';

export type LogLevel = 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

const BY_KEY = ['seqscan', 'hashjoin', 'mergejoin']
  .map((name) => `-c enable_${name}=off`)
  .concat('-c plan_cache_mode=force_generic_plan')
  .join(' ');

/**
 * A pool that survives a restart of Postgres. Both handlers are needed: an idle client reports a
 * cut connection on the pool, one in use reports it on itself, and an `error` without a listener
 * ends the process.
 */
export function createPool(databaseUrl: string, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 12,
    connectionTimeoutMillis: 5000,
    application_name: 'stripe-sandbox',
    // Stripe answers `lock_timeout` when an object stays busy; so do we.
    lock_timeout: 5000,
    statement_timeout: 15_000,
    idle_in_transaction_session_timeout: 15_000,
    // Statements of one transaction are sent without waiting for each other: a message is what they cost.
    pipeline: true,
    stream: gatheringSocket,
    // They look rows up by key, and are planned once (`prepared`), maybe while a table is empty.
    options: BY_KEY,
  });
  pool.on('error', (error) =>
    log('warn', 'idle database connection lost', { error: error.message }),
  );
  pool.on('connect', (client) => {
    client.on('error', (error) =>
      log('warn', 'database connection lost', { error: error.message }),
    );
  });
  return pool;
}

const UNAVAILABLE_STATES = new Set([
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '53300', // too_many_connections
  '55000', // the database does not accept connections
]);
const UNAVAILABLE_SYSCALLS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** Whether the database (not the statement) is at fault, so that a later try can succeed. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = errorCode(error);
  if (code !== undefined) {
    return UNAVAILABLE_STATES.has(code) || UNAVAILABLE_SYSCALLS.has(code) || code.startsWith('08');
  }
  // node-postgres gives these no code.
  return /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(
    error.message,
  );
}

export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
