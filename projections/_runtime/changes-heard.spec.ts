import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { CHANGES_CHANNEL } from './changes.ts';
import { createChangesHeard } from './changes-heard.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

test('everybody looks again once a lost listener is back: what was told meanwhile was missed', async () => {
  const changes = createChangesHeard({
    url: database.url,
    log: createLogger({ level: 'silent', name: 'spec' }),
  });
  try {
    const woken = { here: 0, there: 0 };
    changes.subscribe(['here'], () => {
      woken.here += 1;
    });
    changes.subscribe(['there'], () => {
      woken.there += 1;
    });
    await expect.poll(() => woken).toEqual({ here: 1, there: 1 });
    const tell = (topic: string) =>
      pool.query('select pg_notify($1, $2)', [
        CHANGES_CHANNEL,
        JSON.stringify({ topics: [topic] }),
      ]);
    await tell('here');
    await expect.poll(() => woken).toEqual({ here: 2, there: 1 });

    const cut = await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like '%listen ${CHANGES_CHANNEL}%'`,
    );
    expect(cut.rowCount).toBe(1);
    // Nobody tells anything any more.
    await expect.poll(() => woken, { timeout: 10_000 }).toEqual({ here: 3, there: 2 });
  } finally {
    await changes.stop();
  }
});
