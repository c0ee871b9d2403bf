import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { claimRows, endDone, untilNextRow } from './outbox-rows.ts';
import { migrateSagas } from './schema.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  // One connection, whose counts of what was written are then complete.
  pool = createPool({ url: database.url, name: 'spec', max: 1, byKey: true });
  await migrateSagas(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => pool.query('truncate saga.outbox cascade'));

/** So many rows in each lane; a key is `<lane>.<row>`. */
const fill = (lanes: number, rows: number) =>
  pool.query(
    `insert into saga.outbox (id, saga, instance, kind, name, key, lane, payload, cause_event_id, correlation_id)
     select gen_random_uuid(), 'a', 'i' || lane, 'command', 'c', lane || '.' || row, 'l', '{}', 'e', 'e'
       from generate_series(1, $2) row, generate_series(1, $1) lane order by row, lane`,
    [lanes, rows],
  );
const take = (limit: number) =>
  claimRows(pool, {
    ...{ kind: 'command', names: null, limit, leaseMs: 60_000, worker: 'spec', busy: [] },
  });
const keys = (rows: readonly { readonly key: string }[]) => rows.map(({ key }) => key);

test('takes the heads of lanes, in order, as many as asked for', async () => {
  await fill(3, 2);
  const first = await take(2);
  expect(keys(first)).toEqual(['1.1', '2.1']);
  expect(keys(await take(10))).toEqual(['3.1']);
  await endDone(pool, first);
  expect(keys(await take(10))).toEqual(['1.2', '2.2']);
});

test('a lane whose head pauses, or was given up, is held up or goes on', async () => {
  await fill(2, 2);
  await pool.query(
    `update saga.outbox set next_attempt_at = now() + interval '1 minute' where key = '1.1';
     update saga.outbox set status = 'dead', done_at = now() where key = '2.1'`,
  );
  expect(keys(await take(10))).toEqual(['2.2']);
  const ms = await untilNextRow(pool, 'command', null);
  expect(ms).toBeGreaterThan(50_000);
  expect(ms).toBeLessThanOrEqual(60_000);
});

test('taking a row adds no entry to any index', async () => {
  await fill(100, 1);
  const written = async () => {
    await pool.query('select pg_stat_force_next_flush()');
    const { rows } = await pool.query<{ all: number; hot: number }>(
      `select n_tup_upd as all, n_tup_hot_upd as hot from pg_stat_user_tables
        where schemaname = 'saga' and relname = 'outbox'`,
    );
    return rows[0] ?? { all: 0, hot: 0 };
  };
  const before = await written();
  await take(10);
  const after = await written();
  expect({ all: after.all - before.all, hot: after.hot - before.hot }).toEqual({
    ...{ all: 10, hot: 10 },
  });
});
