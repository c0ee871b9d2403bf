import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { createPool, type Pool } from './index.ts';
import {
  type LockSession,
  type LockSessionOptions,
  openLockSession,
  SessionLostError,
} from './lock-session.ts';

let database: TestDatabase;
let pool: Pool;
let proxy: FaultProxy;
let proxyUrl: string;
const opened = new Set<LockSession>();

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
  const { hostname: host, port } = new URL(database.url);
  proxy = await startFaultProxy({ host, port: Number(port) });
  const url = new URL(database.url);
  url.host = `127.0.0.1:${proxy.port}`;
  proxyUrl = url.href;
});
afterEach(async () => {
  await proxy.set('pass');
  for (const session of opened) await session.close();
  opened.clear();
});
afterAll(async () => {
  await proxy.stop();
  await pool.end();
  await database.drop();
});

async function open(options: Partial<LockSessionOptions> = {}): Promise<LockSession> {
  const session = await openLockSession({
    url: database.url,
    name: 'lock spec',
    locks: ['a'],
    ...options,
  });
  opened.add(session);
  return session;
}

const pidOf = async ({ client }: LockSession): Promise<number> =>
  (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0;
const terminate = (pid: number) => pool.query('select pg_terminate_backend($1)', [pid]);
const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : error);
const reasonOf = (session: LockSession): Promise<unknown> => session.lost.catch((e: unknown) => e);

describe('locks', () => {
  it('are held by one; another stands by, says so, and follows', async () => {
    const first = await open({ locks: ['a', 'b'] });
    const told: boolean[] = [];
    const standing = Promise.withResolvers<void>();
    const second = open({
      // c could be had before b is waited for.
      locks: ['c', 'b'],
      onStandby: (standby) => {
        told.push(standby);
        standing.resolve();
      },
    });
    await standing.promise;
    // All or none: while it waits for b it does not keep c.
    await (await open({ locks: ['c'] })).close();
    await first.close();
    await second;
    expect(told).toContain(true);
    expect(told.at(-1)).toBe(false);
  });

  it('are handed over by a holder that is ended, which hears of it', async () => {
    const holder = await open();
    const reason = reasonOf(holder);
    await terminate(await pidOf(holder));
    await open();
    expect(await reason).toBeInstanceOf(SessionLostError);
  });

  it('are not waited for by one that is stopped', async () => {
    await open();
    const stopping = new AbortController();
    const standing = Promise.withResolvers<void>();
    const second = open({ stopping: stopping.signal, onStandby: () => standing.resolve() });
    await standing.promise;
    stopping.abort();
    await expect(second).rejects.toBe(stopping.signal.reason);
    await expect(open({ stopping: stopping.signal })).rejects.toBe(stopping.signal.reason);
  });
});

describe('a black hole', () => {
  it('is a lost session, and nobody goes on waiting for an answer', async () => {
    const session = await open({ url: proxyUrl, silenceMs: 300 });
    await proxy.set('black-hole');
    const waiting = session.transaction(() => session.client.query('select 1'));
    await expect(waiting).rejects.toThrow();
    expect(causeOf(await reasonOf(session))).toMatchObject({ message: 'no answer for 300 ms' });
  });

  it('is noticed while standing by', async () => {
    await open();
    const standing = Promise.withResolvers<void>();
    const onStandby = () => standing.resolve();
    const second = open({ url: proxyUrl, silenceMs: 300, onStandby });
    const failed = second.catch((error: unknown) => error);
    await standing.promise;
    await proxy.set('black-hole');
    expect(causeOf(await failed)).toMatchObject({ message: 'no answer for 300 ms' });
  });
});

describe('a session', () => {
  it('speaks by itself, so that it is not taken for a silent one', async () => {
    const beaten = Promise.withResolvers<void>();
    let beats = 0;
    const session = await open({
      // Shorter than three pauses between heartbeats: without them it ends before the third.
      settings: 'set idle_session_timeout = 2500;',
      heartbeat: async (client) => {
        await client.query('select 1');
        beats += 1;
        if (beats === 3) beaten.resolve();
      },
    });
    await Promise.race([beaten.promise, session.lost]);
    expect(await pidOf(session)).toBeGreaterThan(0);
  });

  it('is lost when its heartbeat fails, but not by one that falls into a failed transaction', async () => {
    const session = await open({
      heartbeat: (client) => client.query('select no_such_function()'),
    });
    expect(causeOf(await reasonOf(session))).toMatchObject({ code: '42883' });

    const beaten = Promise.withResolvers<unknown>();
    const other = await open({
      heartbeat: (client) => {
        const beat = client.query('select 1');
        beat.catch(beaten.resolve);
        return beat;
      },
    });
    await other
      .transaction(async () => {
        await other.client.query('select no_such_function()').catch(() => undefined);
        expect(await beaten.promise).toMatchObject({ code: '25P02' });
        throw new Error('rolled back');
      })
      .catch((error: unknown) => expect(error).toMatchObject({ message: 'rolled back' }));
    expect(await pidOf(other)).toBeGreaterThan(0);
  });
});

describe('a transaction', () => {
  it('is all or nothing', async () => {
    const session = await open();
    await pool.query('create table things (id int)');
    await session.transaction(() => session.client.query('insert into things values (1)'));
    const failing = session.transaction(async () => {
      await session.client.query('insert into things values (2)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await pool.query('select id from things')).rows).toEqual([{ id: 1 }]);
  });

  it('that cannot be rolled back says what went wrong first, and the session is lost', async () => {
    const session = await open();
    const pid = await pidOf(session);
    const reason = reasonOf(session);
    const failing = session.transaction(async () => {
      await terminate(pid);
      await reason;
      throw new Error('the real one');
    });
    await expect(failing).rejects.toThrow('the real one');
    expect(await reason).toBeInstanceOf(SessionLostError);
  });

  it('is not interleaved with another when both are exclusive', async () => {
    const session = await open();
    const seen: string[] = [];
    const work = (name: string, ms: number) =>
      session.exclusive(async () => {
        seen.push(`${name} begins`);
        await delay(ms);
        seen.push(`${name} ends`);
      });
    await Promise.all([work('a', 20), work('b', 0)]);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });
});
