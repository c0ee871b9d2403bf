import type { Pool, PoolClient } from 'pg';

/** `BEGIN … COMMIT`, or `ROLLBACK` when the task fails. */
export function inTransaction<T>(
  pool: Pool,
  begin: string,
  task: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return inOneGo(pool, begin, async ({ client, begun, commit }) => {
    await begun;
    const result = await task(client);
    await commit();
    return result;
  });
}

/** A transaction whose statements need not wait for each other: the connection sends them in order. */
export type Transaction = {
  readonly client: PoolClient;
  /** Reads may be sent before it; writes may not, for without it they would stand by themselves. */
  readonly begun: Promise<unknown>;
  /**
   * Sent with the last writes. When one of them failed Postgres makes a rollback of it, and it
   * rejects, too.
   */
  commit(): Promise<void>;
};

/** The task ends the transaction itself; one that it left open is rolled back. */
export async function inOneGo<T>(
  pool: Pool,
  begin: string,
  task: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let ended = false;
  const begun = client.query(begin);
  begun.catch(() => {
    // Told to whoever waits for it, and to every statement after it.
  });
  const commit = async (): Promise<void> => {
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error(`the transaction ended with ${command}`);
    ended = true;
  };
  try {
    const result = await task({ client, begun, commit });
    if (!ended) throw new TypeError('the task left its transaction open');
    client.release();
    return result;
  } catch (error) {
    await abandon(client);
    throw error;
  }
}

/** A connection that cannot even roll back is closed instead of reused. */
async function abandon(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch (cause) {
    client.release(cause instanceof Error ? cause : true);
  }
}
