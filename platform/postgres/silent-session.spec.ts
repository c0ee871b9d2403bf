import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import {
  type FaultProxy,
  type ProxyMode,
  startFaultProxy,
} from '../../test/support/fault-proxy/index.ts';
import { createLogger } from '../log/index.ts';
import { timeLimits } from '../time-limits.ts';
import { createPool } from './index.ts';
import { listen } from './listen.ts';
import { openLockSession, SessionLostError } from './lock-session.ts';

const log = createLogger({ level: 'silent', name: 'spec' });
const { heartbeatMs, quietMs, probeMs } = timeLimits.session;
const NOTICED_MS = timeLimits.recoveryMs;

let database: TestDatabase;
let proxy: FaultProxy;
let url: string;

beforeEach(async () => {
  database = await createTestDatabase();
  const { hostname: host, port } = new URL(database.url);
  proxy = await startFaultProxy({ host, port: Number(port) });
  const through = new URL(database.url);
  through.host = `127.0.0.1:${proxy.port}`;
  url = through.href;
});
afterEach(async () => {
  await proxy.stop();
  await database.drop();
});

const silent: readonly ProxyMode[] = ['black-hole', 'half-open', 'drip'];

describe.each(silent)('a %s', (mode) => {
  it('is noticed by a session that holds a lock, with a statement under way', async () => {
    const session = await openLockSession({ url, name: 'spec', locks: ['spec'] });
    await proxy.set(mode);
    const since = performance.now();
    const working = session.transaction(() => session.client.query('select 1'));
    await expect(working).rejects.toThrow();
    await expect(session.lost).rejects.toBeInstanceOf(SessionLostError);
    expect(performance.now() - since).toBeLessThan(NOTICED_MS);
    await session.close();
  });

  it('is noticed by who listens, and another connection hears again', async () => {
    const heard: string[] = [];
    const turns: string[] = [];
    let connected = Promise.withResolvers<void>();
    const listener = listen({
      ...{ url, log, channel: 'spec' },
      heard: (payload) => heard.push(payload),
      connected: () => {
        turns.push('connected');
        connected.resolve();
      },
      lost: () => turns.push('lost'),
    });
    try {
      await connected.promise;
      connected = Promise.withResolvers<void>();
      await proxy.set(mode);
      await expect.poll(() => turns, { timeout: NOTICED_MS }).toContain('lost');
      await proxy.set('pass');
      await connected.promise;
      const teller = createPool({ url: database.url, name: 'spec', max: 1 });
      await teller.query("select pg_notify('spec', 'again')").finally(() => teller.end());
      await expect.poll(() => heard).toEqual(['again']);
    } finally {
      await listener.stop();
    }
  });
});

it('a statement that takes long is no silence: Postgres is asked, and has the session', async () => {
  const session = await openLockSession({ url, name: 'spec', locks: ['spec'] });
  const seconds = (heartbeatMs + 2 * (quietMs + probeMs)) / 1000;
  const slept = await session.transaction(() =>
    session.client.query(`select pg_sleep(${seconds}), 'slept' as told`),
  );
  expect(slept.rows[0]).toMatchObject({ told: 'slept' });
  await session.close();
});
