import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Batch, ConsumerSession } from '../../platform/consumer/types.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { openLockSession } from '../../platform/postgres/lock-session.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { migrateSagas } from './schema.ts';
import { sagaConsumer } from './session.ts';
import { delivered } from './spec-kit.ts';

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
let database: TestDatabase;
let pool: Pool;
const sessions = new Set<ConsumerSession>();

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
  await migrateSagas(pool);
});
afterEach(async () => {
  for (const session of sessions) await session.close();
  sessions.clear();
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function open(options: { url?: string; silenceMs?: number } = {}): Promise<ConsumerSession> {
  const { url = database.url, ...rest } = options;
  const { definition } = sagaConsumer({
    database: { openLockSession: (session) => openLockSession({ url, ...session }) },
    definitions: [],
    onTaken: () => undefined,
    log,
    ...rest,
  });
  const session = await definition.open();
  sessions.add(session);
  return session;
}

const event = delivered({ type: 'Nothing', data: {} });
const batch: Batch = {
  events: [event],
  seen: 1n,
  checkpoint: { logId: 'ins_spec', position: 1n, ordinal: 1, eventId: event.id },
  live: true,
};

it('gives the lock back when the checkpoint cannot be read', async () => {
  await pool.query('alter table saga.checkpoints rename to away');
  await expect(open()).rejects.toThrow(/saga.checkpoints/);
  await pool.query('alter table saga.away rename to checkpoints');
  // Would stand by for ever behind the heartbeat of the one that failed.
  await (await open()).apply(batch);
});

it('ends in a black hole, and so does what is being applied', async () => {
  const { hostname: host, port } = new URL(database.url);
  const proxy = await startFaultProxy({ host, port: Number(port) });
  try {
    const url = new URL(database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    const session = await open({ url: url.href, silenceMs: 300 });
    await proxy.set('black-hole');
    const applying = session.apply(batch);
    await expect(applying).rejects.toThrow();
    const reason: unknown = await session.lost.catch((error: unknown) => error);
    expect(reason).toMatchObject({ cause: { message: 'no answer for 300 ms' } });
  } finally {
    await proxy.stop();
  }
});

it('is taken over from a holder that was stopped, which keeps its connection and its lock', async () => {
  const fixture = new URL('./_fixtures/hold-sagas.ts', import.meta.url);
  const holder = spawn(process.execPath, [fileURLToPath(fixture), database.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    expect(line.toString()).toContain('HOLDING');
    holder.kill('SIGSTOP');
    await (await open()).apply(batch);
  } finally {
    holder.kill('SIGKILL');
  }
});

it('writes nothing once its connection is gone, not even where it stands', async () => {
  const first = await open();
  await first.apply(batch);
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'pawprint sagas' and datname = current_database()`,
  );
  const next = await open();
  const further = { logId: 'ins_spec', position: 9n, ordinal: 9, eventId: event.id };
  await next.apply({ ...batch, checkpoint: further });
  await expect(first.apply(batch)).rejects.toThrow();
  expect(await pool.query('select ordinal from saga.checkpoints')).toMatchObject({
    rows: [{ ordinal: 9 }],
  });
});
