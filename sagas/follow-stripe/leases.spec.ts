import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import {
  endLease,
  type ObjectLease,
  ObjectLeaseLostError,
  takeLeases,
  underLease,
} from './leases.ts';
import { migrateStripe } from './schema.ts';

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
  await migrateStripe(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function take(objectId: string): Promise<ObjectLease> {
  const [lease] = await takeLeases(pool, [objectId]);
  if (lease === undefined) throw new Error('somebody holds it');
  return lease;
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

it('tells the work of a lease that was taken over', async () => {
  const lease = await take('pi_1');
  // As if it had been silent for too long.
  await pool.query("update stripe.object_leases set lease_until = '-infinity'");
  const next = await take('pi_1');
  const reason = await underLease({ pool, log }, lease, aborted);
  expect(reason).toBeInstanceOf(ObjectLeaseLostError);
  await expect(endLease(pool, lease)).rejects.toThrow(ObjectLeaseLostError);
  await endLease(pool, next);
});

it('says that it could not be renewed, and goes on', async () => {
  const lease = await take('pi_2');
  const away = createPool({ url: database.url, name: 'away' });
  await away.end();
  const warned = Promise.withResolvers<unknown>();
  const warn = vi.spyOn(log, 'warn').mockImplementation((about: unknown) => warned.resolve(about));
  try {
    const told = await underLease({ pool: away, log }, lease, (signal) =>
      warned.promise.then((about) => ({ about, aborted: signal.aborted })),
    );
    expect(told).toMatchObject({ about: { objectId: 'pi_2' }, aborted: false });
  } finally {
    warn.mockRestore();
  }
});
