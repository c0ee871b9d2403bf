import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../../test/support/database.ts';
import {
  createPool,
  isConnectionError,
  MigrationError,
  migrate,
  openSession,
  type Pool,
  transaction,
} from './index.ts';

let pool: Pool;
let drop: () => Promise<void>;
let url: string;

beforeAll(async () => {
  const database = await createTestDatabase();
  ({ drop, url } = database);
  pool = createPool({ url, name: 'spec' });
});
afterAll(async () => {
  await pool.end();
  await drop();
});

describe('migrations', () => {
  const first = { name: '0001-things', sql: 'create table s1.things (id int primary key)' };
  const second = { name: '0002-colour', sql: 'alter table s1.things add colour text' };

  it('go forward, once, also when two processes start at the same time', async () => {
    await Promise.all([1, 2, 3].map(() => migrate(pool, { schema: 's1', migrations: [first] })));
    await migrate(pool, { schema: 's1', migrations: [first, second] });
    await migrate(pool, { schema: 's1', migrations: [first, second] });
    await pool.query("insert into s1.things (id, colour) values (1, 'tan')");
    const { rows } = await pool.query('select name from s1.migrations order by name');
    expect(rows.map((row) => row.name)).toEqual(['0001-things', '0002-colour']);
  });

  it('refuse one that was changed after it was applied', async () => {
    const changed = { ...first, sql: `${first.sql} -- edited` };
    await expect(migrate(pool, { schema: 's1', migrations: [changed, second] })).rejects.toThrow(
      MigrationError,
    );
  });

  it('refuse a database that is ahead of the release', async () => {
    await expect(migrate(pool, { schema: 's1', migrations: [first] })).rejects.toThrow(
      /older than the database/,
    );
  });

  it('leave nothing of one that fails', async () => {
    const bad = { name: '0001-bad', sql: 'create table s2.a (id int); select no_such_function()' };
    await expect(migrate(pool, { schema: 's2', migrations: [bad] })).rejects.toThrow(
      /no_such_function/,
    );
    const { rows } = await pool.query(
      "select 1 from information_schema.schemata where schema_name = 's2'",
    );
    expect(rows).toEqual([]);
  });
});

describe('transactions', () => {
  it('roll back on an error and give the connection back', async () => {
    await pool.query('create table t (id int)');
    await expect(
      transaction(pool, async (client) => {
        await client.query('insert into t values (1)');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect((await pool.query('select count(*) as n from t')).rows[0].n).toBe(0);
  });

  it('tell a lost connection from a wrong statement', async () => {
    const victim = await openSession({ url, name: 'victim' });
    const died = new Promise<Error>((resolve) => victim.on('error', resolve));
    const { rows } = await victim.query('select pg_backend_pid() as pid');
    await pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
    expect(isConnectionError(await died)).toBe(true);
    const wrong = await pool.query('select nonsense').catch((error: unknown) => error);
    expect(isConnectionError(wrong)).toBe(false);
  });
});
