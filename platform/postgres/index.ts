import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { type CrashPoint, crossing } from '../crash-points/index.ts';
import type { Logger } from '../log/index.ts';

/** int8 as number: every bigint we store (minor units, ordinals, positions of reports) is safe. */
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${text} is too large for a JavaScript number`);
  return value;
});

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;

type Statement = {
  readonly text: string;
  /** Of a prepared statement. */
  readonly name?: string;
  readonly values?: unknown[];
};

/**
 * What the sagas' runtime needs of Postgres, and no more: statements, on whatever connection. A pool,
 * one of its connections and a session of one's own are each one of these.
 */
export type Queryable = {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: string | Statement,
    values?: unknown[],
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;
};
export type Connection = Queryable & { release(broken?: Error): void };
/** Where connections come from; a statement by itself takes any. */
export type Database = Queryable & { connect(): Promise<Connection> };

/**
 * A pool. A connection that dies while idle is dropped and reported, never thrown: the next query
 * opens another. Statements are bounded, so nobody waits for ever on a lock.
 */
export function createPool(options: {
  url: string;
  name: string;
  max?: number;
  log?: Logger;
  statementTimeoutMs?: number;
}): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: `pawprint ${options.name}`,
    max: options.max ?? 10,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 15_000,
    allowExitOnIdle: true,
  });
  pool.on('error', (error) =>
    options.log?.warn({ err: error, pool: options.name }, 'an idle Postgres connection was lost'),
  );
  return pool;
}

/** A connection of its own, for locks and LISTEN: never shared, ends with its owner. */
export async function openSession(options: { url: string; name: string }): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: `pawprint ${options.name}`,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
  });
  await client.connect();
  return client;
}

const GOODBYE_MS = 1000;

/** Ends a session. A black hole never says goodbye: it is not waited for. */
export async function endSession(client: pg.Client): Promise<void> {
  await Promise.race([client.end(), delay(GOODBYE_MS, undefined, { ref: false })]);
}

/** A typed query builder on the pool; ending the pool ends it. */
export function kyselyOf<Database>(pool: Pool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** Runs work in one transaction; rolls back on any error and gives the connection back in order. */
export function transaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  commit?: CrashPoint | null,
): Promise<T>;
export function transaction<T>(
  pool: Database,
  work: (client: Connection) => Promise<T>,
  commit?: CrashPoint | null,
): Promise<T>;
export async function transaction<T>(
  pool: Database,
  work: (client: PoolClient) => Promise<T>,
  commit: CrashPoint | null = null,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    // Whoever takes no more than a connection gets what its database has; a pool has pool clients.
    const result = await work(client as PoolClient);
    await crossing(commit, () => client.query('commit'));
    return result;
  } catch (error) {
    try {
      await client.query('rollback');
    } catch (rollbackError) {
      // The connection is gone and with it the transaction: do not give it back to the pool.
      broken = rollbackError as Error;
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

/** SQLSTATE classes and socket errors after which the outcome is unknown and a retry makes sense. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(08|57P0|53|58)/.test(code)) return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'].includes(code)) return true;
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i.test(
    error.message,
  );
}

export type Migration = { readonly name: string; readonly sql: string };

/** An applied migration was changed, or the database is ahead of this release. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Forward-only migrations of one schema, in order, under a lock, each in a transaction with its
 * record. A migration that was applied is never changed: its checksum is compared at every start.
 */
export async function migrate(
  pool: Database,
  options: { schema: string; migrations: readonly Migration[] },
): Promise<void> {
  const { schema, migrations } = options;
  await transaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 7))', [
      `pawprint migrate ${schema}`,
    ]);
    await client.query(`create schema if not exists ${schema}`);
    await client.query(
      `create table if not exists ${schema}.migrations (
         name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    );
    const applied = await client.query<{ name: string; checksum: string }>(
      `select name, checksum from ${schema}.migrations`,
    );
    const known = new Map(applied.rows.map((row) => [row.name, row.checksum]));
    for (const name of known.keys()) {
      if (!migrations.some((migration) => migration.name === name)) {
        throw new MigrationError(
          `schema ${schema} has the migration ${name}, which this release does not know: it is older than the database`,
        );
      }
    }
    for (const { name, sql } of migrations) {
      const checksum = createHash('sha256').update(sql).digest('hex');
      const before = known.get(name);
      if (before === checksum) continue;
      if (before !== undefined) {
        throw new MigrationError(
          `migration ${schema}/${name} was changed after it was applied: migrations only go forward, add another one`,
        );
      }
      await client.query(sql);
      await client.query(`insert into ${schema}.migrations (name, checksum) values ($1, $2)`, [
        name,
        checksum,
      ]);
    }
  });
}
