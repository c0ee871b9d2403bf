import { hostname } from 'node:os';
import pg from 'pg';

/**
 * Sessions of the node. Every statement is a look-up by an index, yet a plan made while the table
 * was empty would scan it for ever after: sequential scans and sorts are switched off.
 */
const SETTINGS = [
  'jit=off',
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'plan_cache_mode=force_generic_plan',
  'client_min_messages=warning',
];

const OID = { bool: 16, bytea: 17, int8: 20, int4: 23 } as const;

const parsers: Readonly<Record<number, (value: string) => unknown>> = {
  [OID.bool]: (value) => value === 't',
  [OID.bytea]: (value) => Buffer.from(value.slice(2), 'hex'),
  [OID.int8]: BigInt,
  [OID.int4]: Number,
};
const asText = (value: string): string => value;

/** int8 as bigint, and no guessing. pg hands every field over as text, so its binary format is out. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => parsers[oid] ?? asText,
};

export type SessionKind = 'writer' | 'reader';

export const sessionConfig = (databaseUrl: string, kind: SessionKind): pg.ClientConfig => {
  const settings =
    kind === 'writer'
      ? // Durability is the node's promise whatever the server's default is. A node that stops
        // breathing (SIGSTOP, a frozen machine) loses its session, and with it the lock.
        [...SETTINGS, 'synchronous_commit=on', 'idle_session_timeout=60s', 'tcp_keepalives_idle=10']
      : [...SETTINGS, 'default_transaction_read_only=on'];
  return {
    connectionString: databaseUrl,
    application_name: `event-store ${kind} pid=${process.pid} host=${hostname()}`.slice(0, 63),
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    connectionTimeoutMillis: 5_000,
    // A Postgres that has stopped answering must not hold up the writer for as long as TCP would.
    query_timeout: 15_000,
    keepAlive: true,
    types,
  };
};

/**
 * Whether the server itself refused the statement, so that it certainly had no effect. Everything
 * else (a lost connection, a server going down) leaves the outcome open.
 */
export const isRefusal = (error: unknown): error is pg.DatabaseError =>
  error instanceof pg.DatabaseError &&
  error.severity === 'ERROR' &&
  !(error.code ?? '').startsWith('57P');

/** A refusal that has nothing to do with the statement: out of disk, of memory, of connections. */
export const isShortage = (error: pg.DatabaseError): boolean =>
  /^(53|58|57014|55P03|25006)/.test(error.code ?? '');

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
