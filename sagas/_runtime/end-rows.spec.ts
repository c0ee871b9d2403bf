import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { machine } from '../../platform/host/index.ts';
import { createPool, type Database, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { createRowEnder } from './end-rows.ts';
import { claimRows, type LeasedRow, LeaseLostError } from './outbox-rows.ts';
import { migrateSagas } from './schema.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
  await migrateSagas(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => pool.query('truncate saga.outbox cascade'));

/** So many rows, each in a lane of its own, taken. */
async function taken(count: number): Promise<LeasedRow[]> {
  await pool.query(
    `insert into saga.outbox (id, saga, instance, kind, name, key, lane, payload, status, cause_event_id, correlation_id)
     select gen_random_uuid(), 'a', 'i' || n, 'command', 'c', n::text, 'l', '{}', 'pending', 'e', 'e'
       from generate_series(1, $1) n`,
    [count],
  );
  const options = { kind: 'command', names: null, limit: count, leaseMs: 60_000 } as const;
  return claimRows(pool, { ...options, worker: 'spec', busy: [] });
}
/** The database, after `first` has had its say. */
const standingFor = (first: () => void): Database => ({
  connect: () => pool.connect(),
  query: async (...given: Parameters<Database['query']>) => {
    first();
    return pool.query(...given);
  },
});
const statuses = async (): Promise<Record<string, number>> => {
  const { rows } = await pool.query<{ what: string; n: number }>(
    `select status || ' ' || coalesce(outcome, 'open') as what, count(*)::int as n
       from saga.outbox o join saga.outbox_attempts a on a.outbox_id = o.id group by 1`,
  );
  return Object.fromEntries(rows.map(({ what, n }) => [what, n]));
};

test('rows that end together end in one statement, and each is told', async () => {
  let statements = 0;
  const end = createRowEnder(
    standingFor(() => {
      statements += 1;
    }),
    machine,
  );
  const rows = await taken(50);
  await Promise.all(rows.map(end));
  expect(statements).toBe(1);
  expect(await statuses()).toEqual({ 'done done': 50 });
});

test('a row that another worker took over is told to this one alone, and stays the other one’s', async () => {
  const end = createRowEnder(pool, machine);
  const rows = await taken(3);
  const [lost] = rows;
  await pool.query(
    `update saga.outbox set fence = nextval('saga.fences'), attempts = 2 where id = $1`,
    [lost?.id],
  );
  const told = await Promise.allSettled(rows.map(end));
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(told[0]).toMatchObject({ reason: expect.any(LeaseLostError) });
  expect(await statuses()).toEqual({ 'leased open': 1, 'done done': 2 });
});

test('a database that is away is told to all of them, and the next ones are tried again', async () => {
  const rows = await taken(2);
  let away = true;
  const end = createRowEnder(
    standingFor(() => {
      if (away) throw new Error('away');
    }),
    machine,
  );
  const told = await Promise.allSettled(rows.map(end));
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  away = false;
  await Promise.all(rows.map(end));
  expect(await statuses()).toEqual({ 'done done': 2 });
});
