import type { Pool, PoolClient } from 'pg';

/** `BEGIN … COMMIT`, or `ROLLBACK` when the task fails. */
export async function inTransaction<T>(
  pool: Pool,
  begin: string,
  task: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const result = await task(client);
    await client.query('COMMIT');
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
