import type { Pool } from 'pg';
import { MIGRATIONS } from './migrations.ts';
import { isUnavailable } from './pool.ts';
import { inTransaction } from './transaction.ts';

// Any constant; it keeps two sandboxes that start at once from migrating side by side.
const MIGRATION_LOCK = 7_251_113_406;
const START_PATIENCE_MS = 15_000;

/** Brings the schema up to date. Waits a while for a database that is still starting. */
export async function migrate(pool: Pool): Promise<void> {
  const deadline = Date.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await migrateOnce(pool);
    } catch (error) {
      if (!isUnavailable(error) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function migrateOnce(pool: Pool): Promise<void> {
  await inTransaction(pool, 'BEGIN', async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query('CREATE SCHEMA IF NOT EXISTS stripe_sandbox');
    await client.query(
      `CREATE TABLE IF NOT EXISTS stripe_sandbox.migrations (
         version integer PRIMARY KEY,
         name text NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now()
       )`,
    );
    const { rows } = await client.query<{ version: number }>(
      'SELECT coalesce(max(version), 0)::integer AS version FROM stripe_sandbox.migrations',
    );
    const current = rows[0]?.version ?? 0;
    if (current > MIGRATIONS.length) {
      throw new Error(
        `the Stripe sandbox's schema is at version ${current}, this program knows ` +
          `${MIGRATIONS.length}: it was written by a newer release`,
      );
    }
    for (const [index, migration] of MIGRATIONS.entries()) {
      if (index < current) continue;
      await client.query(migration.sql);
      await client.query('INSERT INTO stripe_sandbox.migrations (version, name) VALUES ($1, $2)', [
        index + 1,
        migration.name,
      ]);
    }
  });
}
