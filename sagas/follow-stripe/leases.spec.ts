import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { machine } from '../../platform/host/index.ts';
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
import { startStatementReader } from './statement.ts';

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

it('has the statement read once its lease is over, not with the next look in a day', async () => {
  const lease = await take('balance-transactions');
  let asked = 0;
  const tried = Promise.withResolvers<void>();
  const host: typeof machine = {
    ...machine,
    // A second is a millisecond here.
    after: (ms, work) => {
      tried.resolve();
      return machine.after(ms / 1000, work);
    },
  };
  const reader = startStatementReader({
    ...{ pool, log, host, everyMs: 86_400_000 },
    bus: { execute: () => Promise.reject(new Error('no line is recorded here')) },
    gateway: {
      fetchIntent: () => Promise.reject(new Error('no intent is asked for here')),
      listBalanceTransactions: async () => {
        asked += 1;
        return { lines: [], hasMore: false };
      },
    },
  });
  try {
    await tried.promise;
    expect(asked).toBe(0);
    await endLease(pool, lease);
    await vi.waitFor(() => expect(asked).toBe(1), { timeout: 10_000 });
  } finally {
    await reader.stop();
  }
});
