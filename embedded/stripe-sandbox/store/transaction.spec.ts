import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { createPool } from './pool.ts';
import { prepared } from './prepared.ts';
import { inOneGo } from './transaction.ts';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.url, () => undefined);
  await pool.query('create table kept (id integer primary key)');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const keep = (id: number) => prepared('insert into kept values ($1)', [id]);
const forget = (id: number) => prepared('delete from kept where id = $1', [id]);
const kept = async () =>
  (await pool.query<{ id: number }>('select id from kept order by id')).rows.map(({ id }) => id);

it('is all or nothing, though nobody waited for a statement before the commit', async () => {
  await inOneGo(pool, 'BEGIN', async ({ client, begun, commit }) => {
    await begun;
    await Promise.all([client.query(keep(1)), client.query(keep(2)), commit()]);
  });
  expect(await kept()).toEqual([1, 2]);

  const cut = inOneGo(pool, 'BEGIN', async ({ client, begun, commit }) => {
    await begun;
    await Promise.allSettled([client.query(keep(3)), client.query(keep(1)), commit()]).then(
      (outcomes) => expect(outcomes[2]?.status).toBe('rejected'),
    );
  });
  await expect(cut).rejects.toThrow('left its transaction open');
  expect(await kept()).toEqual([1, 2]);
});

it('lets a statement that was refused behind another be sent again', async () => {
  const cut = inOneGo(pool, 'BEGIN', async ({ client, begun, commit }) => {
    await begun;
    await Promise.all([client.query(keep(1)), client.query(forget(1)), commit()]);
  });
  await expect(cut).rejects.toMatchObject({ code: '23505' });
  // On whatever connection.
  await Promise.all([pool.query(forget(2)), pool.query(forget(2))]);
  expect(await kept()).toEqual([1]);
});
