import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { machine } from '../../platform/host/index.ts';
import { createPool, type Database, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { type Claimed, claimObjects } from './claim-objects.ts';
import { createLookEnder } from './end-objects.ts';
import type { Followed } from './fold-object.ts';
import { ObjectLeaseLostError } from './leases.ts';
import { migrateStripe } from './schema.ts';

const processed: Followed = { kind: 'processed' };

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec', byKey: true });
  await migrateStripe(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => pool.query('truncate stripe.inbox, stripe.object_leases'));

/** So many objects with two webhooks each, claimed. */
async function claimed(count: number): Promise<Claimed[]> {
  await pool.query(
    `insert into stripe.inbox (event_id, type, object_id, object_type, payload_hash)
     select 'evt_' || n || '_' || m, 't', 'pi_' || n, 'payment_intent', 'hash'
       from generate_series(1, $1) n, generate_series(1, 2) m order by n, m`,
    [count],
  );
  return claimObjects(pool, count);
}
/** The database, and how many statements it was asked. */
function counting(): { readonly database: Database; asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    database: {
      connect: () => pool.connect(),
      query: (...given: Parameters<Database['query']>) => {
        asked += 1;
        return pool.query(...given);
      },
    },
  };
}
const lookOf = ({ lease, eventIds }: Claimed, outcome: Followed = processed) => ({
  ...{ lease, eventIds, outcome },
});
const inbox = async () =>
  (
    await pool.query<{ event_id: string; status: string; reason: string | null }>(
      'select event_id, status, reason from stripe.inbox order by event_id',
    )
  ).rows.map(({ event_id: id, status, reason }) => `${id} ${status} ${reason ?? ''}`.trim());
const leases = async () =>
  (await pool.query<{ object_id: string }>('select object_id from stripe.object_leases')).rows;

test('an object is claimed with all its webhooks, by one', async () => {
  const [first, ...others] = await claimed(1);
  expect(others).toEqual([]);
  expect(first).toMatchObject({ objectId: 'pi_1', objectType: 'payment_intent', attempts: 0 });
  expect(first?.eventIds.toSorted()).toEqual(['evt_1_1', 'evt_1_2']);
  expect(await claimObjects(pool, 10)).toEqual([]);
});

test('looks that end together end in one statement, each with what came of it', async () => {
  const { database: counted, asked } = counting();
  const end = createLookEnder(counted, machine);
  const [one, two, three] = await claimed(3);
  if (one === undefined || two === undefined || three === undefined) throw new Error('too few');
  await Promise.all([
    end(lookOf(one)),
    end(lookOf(two, { kind: 'ignored', reason: 'not ours' })),
    end(lookOf(three, { kind: 'refused', reason: 'refused: x' })),
  ]);
  expect(asked()).toBe(1);
  expect(await inbox()).toEqual([
    ...['evt_1_1 processed', 'evt_1_2 processed'],
    ...['evt_2_1 ignored not ours', 'evt_2_2 ignored not ours'],
    ...['evt_3_1 processed refused: x', 'evt_3_2 processed refused: x'],
  ]);
  expect(await leases()).toEqual([]);
});

test('a look at what somebody else took over is told so alone, and answers nothing', async () => {
  const end = createLookEnder(pool, machine);
  const [lost, kept] = await claimed(2);
  if (lost === undefined || kept === undefined) throw new Error('too few');
  await pool.query(
    `update stripe.object_leases set fence = nextval('stripe.fences') where object_id = 'pi_1'`,
  );
  const told = await Promise.allSettled([end(lookOf(lost)), end(lookOf(kept))]);
  expect(told).toMatchObject([
    { status: 'rejected', reason: expect.any(ObjectLeaseLostError) },
    { status: 'fulfilled' },
  ]);
  expect(await inbox()).toEqual([
    ...['evt_1_1 pending', 'evt_1_2 pending'],
    ...['evt_2_1 processed', 'evt_2_2 processed'],
  ]);
  expect(await leases()).toEqual([{ object_id: 'pi_1' }]);
});

test('a look answers what was there before it, and what earlier ones were given up on', async () => {
  const end = createLookEnder(pool, machine);
  const [one, other] = await claimed(2);
  if (one === undefined || other === undefined) throw new Error('too few');
  await pool.query(
    `insert into stripe.inbox (event_id, type, object_id, object_type, payload_hash, status)
     values ('evt_1_later', 't', 'pi_1', 'payment_intent', 'hash', 'pending'),
            ('evt_1_dead', 't', 'pi_1', 'payment_intent', 'hash', 'dead'),
            ('evt_2_dead', 't', 'pi_2', 'payment_intent', 'hash', 'dead')`,
  );
  await end(lookOf(one));
  expect(await inbox()).toEqual([
    ...['evt_1_1 processed', 'evt_1_2 processed', 'evt_1_dead processed', 'evt_1_later pending'],
    ...['evt_2_1 pending', 'evt_2_2 pending', 'evt_2_dead dead'],
  ]);
});
