import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { createLogger } from '../log/index.ts';
import { createPool, type Pool } from './index.ts';
import { type Listener, listen } from './listen.ts';

const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' });
let database: TestDatabase;
let pool: Pool;
const listeners: Listener[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ url: database.url, name: 'spec' });
});
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** Listens, and notes what happens. */
function noting(channel: string, connected: () => Promise<void> | void = () => undefined) {
  const notes: string[] = [];
  const listener = listen({
    url: database.url,
    channel,
    heard: (payload) => {
      notes.push(`heard ${payload}`);
      if (payload === 'nonsense') throw new Error('not understood');
    },
    connected: () => {
      notes.push('connected');
      return connected();
    },
    lost: () => void notes.push('lost'),
    log,
  });
  listeners.push(listener);
  return { notes, listener };
}

const MINE = "datname = current_database() and application_name like 'pawprint listen %'";
const connections = async (): Promise<number | null> =>
  (await pool.query(`select 1 from pg_stat_activity where ${MINE}`)).rowCount;

test('hears what is told, goes on after nonsense, and is silent once stopped', async () => {
  const { notes, listener } = noting('news');
  await expect.poll(() => notes).toEqual(['connected']);
  await pool.query("notify news, 'a'; notify news, 'nonsense'; notify news; notify other, 'x'");
  await pool.query("notify news, 'b'");
  const heard = ['connected', 'heard a', 'heard nonsense', 'heard ', 'heard b'];
  await expect.poll(() => notes).toEqual(heard);
  await listener.stop();
  expect(notes).toEqual([...heard, 'lost']);
  await expect.poll(connections).toBe(0);
});

test('a connection that is cut is replaced, and both are told', async () => {
  const { notes } = noting('news');
  await expect.poll(() => notes).toEqual(['connected']);
  await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${MINE}`);
  await expect.poll(() => notes, { timeout: 10_000 }).toEqual(['connected', 'lost', 'connected']);
  await pool.query("notify news, 'a'");
  await expect.poll(() => notes.at(-1)).toBe('heard a');
});

test('a refused `listen` leaves no connection behind', async () => {
  const { notes } = noting('not a channel');
  await expect.poll(() => notes.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
  expect(new Set(notes)).toEqual(new Set(['lost']));
  await expect.poll(connections).toBeLessThanOrEqual(1);
});

test('what cannot be made up for is tried again with another connection', async () => {
  let failures = 1;
  const { notes } = noting('news', async () => {
    if (failures-- > 0) throw new Error('cannot look');
  });
  await expect.poll(() => notes, { timeout: 10_000 }).toEqual(['connected', 'lost', 'connected']);
  await expect.poll(connections).toBe(1);
});

test('a stop does not wait for what it makes up for', async () => {
  const { notes, listener } = noting('news', () => new Promise(() => undefined));
  await expect.poll(() => notes).toEqual(['connected']);
  await listener.stop();
  expect(notes).toEqual(['connected', 'lost']);
});
