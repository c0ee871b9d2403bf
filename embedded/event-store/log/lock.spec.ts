import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { sessionConfig } from './connection.ts';
import { COPY_ROWS } from './copy-rows.ts';
import { endFrozenHolder, LogInUseError, takeLock } from './lock.ts';
import { migrate } from './schema.ts';

let database: TestDatabase;
let holder: pg.Client;
let next: pg.Client;
let holderPid: number;

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client(sessionConfig(database.url, 'writer'));
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

beforeEach(async () => {
  database = await createTestDatabase();
  [holder, next] = [await connect(), await connect()];
  await migrate(holder);
  await takeLock(holder, 0);
  holderPid = (await holder.query('select pg_backend_pid() as pid')).rows[0].pid;
});
afterEach(async () => {
  await Promise.all([holder.end(), next.end()]);
  await database.drop();
});

/** Settles when Postgres waits for rows. */
const beginCopy = (client: pg.Client): Promise<void> =>
  new Promise((resolve) => {
    client.query({
      callback: () => undefined,
      submit: (connection: pg.Connection) => connection.query(COPY_ROWS),
      handleCopyInResponse: resolve,
      handleError: () => undefined,
    });
  });

/** Postgres reads from the holder, which says nothing. */
const untilSilent = async (state: 'idle' | 'active'): Promise<void> => {
  const text = `select from pg_stat_activity where pid = $1 and state = $2 and wait_event = 'ClientRead'`;
  await expect
    .poll(async () => (await next.query(text, [holderPid, state])).rowCount, { timeout: 10_000 })
    .toBe(1);
};

test('a holder in the midst of a commit that does not go on is ended', async () => {
  const ended = new Promise((resolve) => holder.once('end', resolve));
  await beginCopy(holder);
  await untilSilent('active');
  await endFrozenHolder(next, 0);
  await takeLock(next, 10_000);
  await ended;
});

test('one that may still go on is not', async () => {
  await beginCopy(holder);
  await untilSilent('active');
  await endFrozenHolder(next);
  await expect(takeLock(next, 0)).rejects.toThrow(LogInUseError);
});

test('nor is one that is idle: its own time-out ends it', async () => {
  await untilSilent('idle');
  await endFrozenHolder(next, 0);
  await expect(takeLock(next, 200)).rejects.toThrow(/event-store writer pid=\d+/);
  await holder.query('select 1');
});
