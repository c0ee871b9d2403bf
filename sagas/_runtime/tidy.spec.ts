import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { migrateSagas } from './schema.ts';
import { keepSagasTidy } from './tidy.ts';

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

test('done rows go with their attempts after 30 days; what waits or needs somebody stays', async () => {
  await pool.query(`
    with made as (
      insert into saga.outbox (id, saga, instance, kind, name, key, lane, payload, status,
                               cause_event_id, correlation_id, created_at, done_at)
      select gen_random_uuid(), 'a', status || days, 'command', 'c', status || days, 'l', '{}', status,
             'e', 'e', now() - days * interval '1 day', now() - days * interval '1 day'
        from unnest(array['done', 'cancelled', 'dead', 'pending']) as status, unnest(array[29, 31]) as days
      returning id)
    insert into saga.outbox_attempts (outbox_id, attempt, fence, worker)
    select id, 1, 1, 'w' from made`);
  await pool.query(`
    insert into saga.timers (id, saga, instance, name, due_at, status, correlation_id, updated_at)
    select gen_random_uuid(), 'a', status || days, 't', now(), status, 'e',
           now() - days * interval '1 day'
      from unnest(array['fired', 'cancelled', 'pending']) as status, unnest(array[29, 31]) as days`);
  await pool.query(`
    insert into saga.requests (kind, saga, instance, subject, asked_by, answered_at)
    select 'poke', 'a', coalesce('answered' || days, 'open'), '', 'sam', now() - days * interval '1 day'
      from unnest(array[29, 31, null]) as days`);

  const tidying = keepSagasTidy(pool, createLogger({ level: 'silent', name: 'spec' }));
  await tidying.stop();

  const kept = async (sql: string) =>
    (await pool.query<{ instance: string }>(sql)).rows.map(({ instance }) => instance).toSorted();
  const rows = ['cancelled29', 'dead29', 'dead31', 'done29', 'pending29', 'pending31'];
  expect(await kept('select instance from saga.outbox')).toEqual(rows);
  expect(
    await kept(
      'select instance from saga.outbox_attempts join saga.outbox on outbox_id = outbox.id',
    ),
  ).toEqual(rows);
  expect(await kept('select instance from saga.timers')).toEqual([
    ...['cancelled29', 'fired29', 'pending29', 'pending31'],
  ]);
  expect(await kept('select instance from saga.requests')).toEqual(['answered29', 'open']);
});
