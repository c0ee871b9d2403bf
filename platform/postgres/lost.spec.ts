import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { postgresCommits } from '../../test/support/fault-proxy/dialects/postgres.ts';
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { timeLimits } from '../time-limits.ts';
import { createPool, isConnectionError, kyselyOf, type Pool, transaction } from './index.ts';

let database: TestDatabase;
let proxy: FaultProxy;
let pool: Pool;

beforeEach(async () => {
  database = await createTestDatabase();
  const { hostname: host, port } = new URL(database.url);
  proxy = await startFaultProxy({ host, port: Number(port) }, postgresCommits);
  const url = new URL(database.url);
  url.host = `127.0.0.1:${proxy.port}`;
  pool = createPool({ url: url.href, name: 'spec', max: 4 });
});
afterEach(async () => {
  await proxy.set('reset');
  await pool.end();
  await proxy.stop();
  await database.drop();
});

/** Four connections that nobody uses. */
async function idle(): Promise<void> {
  await Promise.all(Array.from({ length: 4 }, () => pool.query('select pg_sleep(0.05)')));
  expect(pool.idleCount).toBe(4);
}

const elapsed = async (work: () => Promise<unknown>): Promise<number> => {
  const since = performance.now();
  await work();
  return performance.now() - since;
};

const connectionError = expect.toSatisfy(isConnectionError);

describe('a connection that is lost', () => {
  it('has somebody who hears of it, also while it is taken', async () => {
    // Without one its loss is an error that nobody handles, which ends the process.
    const client = await pool.connect();
    expect(client.listenerCount('error')).toBeGreaterThan(0);
    client.release();
  });

  it('in the middle of a transaction is told to who waits, and to nobody else', async () => {
    await proxy.set('cut-answers');
    const committing = transaction(pool, (client) => client.query('select 1'));
    await expect(committing).rejects.toEqual(connectionError);
    await expect(
      kyselyOf(pool)
        .transaction()
        .execute((tx) => sql`select 1`.execute(tx)),
    ).rejects.toEqual(connectionError);
    await proxy.set('pass');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('without a word costs one query its time, not one for each that was idle', async () => {
    await idle();
    await proxy.set('half-open');
    await proxy.set('pass');
    const ask = () => pool.query('select 1');
    expect(await elapsed(() => expect(ask()).rejects.toEqual(connectionError))).toBeLessThan(
      timeLimits.postgres.queryMs + timeLimits.postgres.connectMs,
    );
    await ask();
  });

  it('without a word is not given back by Kysely for somebody else to wait at', async () => {
    await idle();
    await proxy.set('half-open');
    await proxy.set('pass');
    const db = kyselyOf(pool);
    await expect(sql`select 1`.execute(db)).rejects.toEqual(connectionError);
    await sql`select 1`.execute(db);
  });

  it('without a word in a transaction is not waited for again to roll back', async () => {
    const took = await elapsed(() =>
      expect(
        transaction(pool, async (client) => {
          await proxy.set('half-open');
          await client.query('select 1');
        }),
      ).rejects.toEqual(connectionError),
    );
    // One time-out, not a second one for the rollback.
    expect(took).toBeLessThan(2 * timeLimits.postgres.queryMs);
  });
});

it('a black hole is waited for no longer than a handler waits', async () => {
  await proxy.set('black-hole');
  const took = await elapsed(() =>
    Promise.all(
      // More than there are connections: the others wait for one.
      Array.from({ length: 12 }, () =>
        expect(pool.query('select 1')).rejects.toEqual(connectionError),
      ),
    ),
  );
  expect(took).toBeLessThan(timeLimits.handlerMs);
});
