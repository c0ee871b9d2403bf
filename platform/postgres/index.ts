import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type CrashPoint, crossing } from '../crash-points/index.ts';
import type { Logger } from '../log/index.ts';
import { timeLimits } from '../time-limits.ts';
import { LOOK_UP_BY_KEY_OPTIONS } from './by-key.ts';
import { isConnectionError } from './connection-error.ts';

/** int8 as number: every bigint we store (minor units, ordinals, positions of reports) is safe. */
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${text} is too large for a JavaScript number`);
  return value;
});

export { isConnectionError } from './connection-error.ts';
export { kyselyOf } from './kysely.ts';

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

const limits = timeLimits.postgres;

/**
 * A pool. A connection that dies while idle is dropped and reported, never thrown: the next query
 * opens another. Statements are bounded on both sides: Postgres cancels what waits for a lock, and a
 * Postgres that is gone without a word is not waited for. `long`: for what nobody waits for. `byKey`:
 * for named statements (a plan of each is kept) that look rows up by key.
 */
export function createPool(options: {
  url: string;
  name: string;
  max?: number;
  log?: Logger;
  long?: boolean;
  byKey?: boolean;
}): Pool {
  const { statementMs, queryMs } = options.long === true ? limits.long : limits;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: `pawprint ${options.name}`,
    max: options.max ?? 10,
    connectionTimeoutMillis: limits.connectMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementMs,
    query_timeout: queryMs,
    allowExitOnIdle: true,
    ...(options.byKey === true ? { options: LOOK_UP_BY_KEY_OPTIONS } : {}),
  });
  pool.on('error', (error) =>
    options.log?.warn({ err: error, pool: options.name }, 'an idle Postgres connection was lost'),
  );
  // Nobody else listens while a connection is taken: cut in the middle of a transaction, it would end
  // the process. Whoever waits for its answer is told by that.
  pool.on('connect', (client) =>
    client.on('error', (error) =>
      options.log?.debug({ err: error, pool: options.name }, 'a Postgres connection was lost'),
    ),
  );
  pool.on('release', (error) => {
    // Where one is dead the idle ones are, too, and each would cost somebody a time-out.
    if (isConnectionError(error)) dropIdle(pool);
  });
  return pool;
}

/** Takes out every connection that nobody uses, and ends it. */
function dropIdle(pool: Pool): void {
  for (let idle = pool.idleCount; idle > 0; idle -= 1) {
    pool.connect().then(
      (client) => client.release(true),
      // There was none left, and a new one could not be had: nothing is idle now.
      () => undefined,
    );
  }
}

/** A pool for as long as the work takes, for statements that may take their time. */
export async function withLongPool<T>(
  options: { url: string; name: string },
  work: (pool: Pool) => Promise<T>,
): Promise<T> {
  const pool = createPool({ ...options, max: 2, long: true });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

/** A query of a pool with short limits that may take as long as those of a long one. */
export function patient(
  text: string,
  values: unknown[] = [],
): Statement & { readonly query_timeout: number } {
  return { text, values, query_timeout: limits.long.queryMs };
}

/** Before such a query, in its transaction: Postgres is to be as patient. */
export const PATIENTLY = `set local statement_timeout = ${limits.long.statementMs}`;

/**
 * A connection of its own, for locks and LISTEN: never shared, ends with its owner. Its queries have
 * no limit: whoever has the session watches over it.
 */
export async function openSession(options: { url: string; name: string }): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: `pawprint ${options.name}`,
    connectionTimeoutMillis: limits.connectMs,
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
    // The connection is gone, or says nothing, and the transaction with it: there is nothing to roll
    // back, and it is not given back to the pool.
    if (error instanceof Error && isConnectionError(error)) broken = error;
    else broken = await rolledBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Why it could not be rolled back. */
async function rolledBack(client: Queryable): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error as Error;
  }
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
    await client.query(PATIENTLY);
    await client.query(
      patient('select pg_advisory_xact_lock(hashtextextended($1, 7))', [
        `pawprint migrate ${schema}`,
      ]),
    );
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
      await client.query(patient(sql));
      await client.query(`insert into ${schema}.migrations (name, checksum) values ($1, $2)`, [
        name,
        checksum,
      ]);
    }
  });
}
