import {
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely';
import type pg from 'pg';
import { isConnectionError } from './connection-error.ts';

/** A typed query builder on the pool; ending the pool ends it. */
export function kyselyOf<Database>(pool: pg.Pool): Kysely<Database> {
  const connect = async () => honest(await pool.connect());
  const asked = { connect, end: () => pool.end(), options: pool.options };
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: asked }) });
}

/**
 * Kysely gives every connection back as good. On one that timed out an answer is outstanding: the
 * next query would wait behind it, and so would the rollback of this one.
 */
function honest(client: pg.PoolClient): PostgresPoolClient {
  const plain: PostgresPoolClient = client;
  let broken: Error | undefined;

  const watched = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (broken !== undefined) throw broken;
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Error && isConnectionError(error)) broken = error;
      throw error;
    }
  };

  function query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  function query<R>(what: string | PostgresCursor<R>, parameters: readonly unknown[] = []) {
    return typeof what === 'string'
      ? watched(() => plain.query<R>(what, parameters))
      : plain.query<R>(what);
  }
  return { query, release: (destroy) => client.release(broken ?? destroy) };
}
