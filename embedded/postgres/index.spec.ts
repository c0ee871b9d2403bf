import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { type EmbeddedPostgres, PostgresPortTaken, startPostgres } from './index.ts';
import { processesIn } from './leftovers.ts';

const parent = mkdtempSync(join(tmpdir(), 'pawprint-postgres-'));
const dataDir = join(parent, 'postgres');
const cluster = join(dataDir, 'cluster');
const running: EmbeddedPostgres[] = [];

async function start(port = 0, log: (line: string) => void = () => undefined) {
  const postgres = await startPostgres({ dataDir, port, log, durability: 'none' });
  running.push(postgres);
  return postgres;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  // A process that ended but was not waited for still answers to signal 0.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Runs a fixture until it says "pid <n>" (or the line asked for). */
async function runFixture(name: string, until: RegExp): Promise<[ChildProcess, string]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '_fixtures', name), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const found = until.exec(line);
    if (found) return [child, found[1] ?? ''];
  }
  throw new Error(`${name} ended early`);
}

afterEach(async () => {
  for (const postgres of running.splice(0)) await postgres.stop();
});
afterAll(() => removeFolder(parent));

test('a set-up killed half-way is started over', async () => {
  const [child] = await runFixture('start-and-wait.ts', /^(starting)$/);
  await vi.waitFor(
    () => {
      const half = readdirSync(dataDir).find((entry) => entry.startsWith('half-made-'));
      expect(readdirSync(join(dataDir, half ?? 'none', 'cluster'))).toContain('global');
    },
    { timeout: 30_000, interval: 5 },
  );
  child.kill('SIGKILL');
  expect(readdirSync(dataDir)).not.toContain('cluster');

  const postgres = await start();
  expect(await query(postgres.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(readdirSync(dataDir).toSorted()).toEqual(['cluster', 'password']);
});

describe('with a cluster', () => {
  beforeAll(async () => {
    const postgres = await startPostgres({ dataDir, durability: 'none' });
    const url = await postgres.createDatabase('kept');
    await query(url, 'CREATE TABLE IF NOT EXISTS fact AS SELECT 42 AS answer');
    await postgres.stop();
  });

  const expectFacts = async (postgres: EmbeddedPostgres) => {
    expect(await query(postgres.url('kept'), 'SELECT * FROM fact')).toEqual([{ answer: 42 }]);
  };

  test('a second start finds the data and the password again', async () => {
    await expectFacts(await start());
  });

  test('only the password opens it, and only this user can read the password', async () => {
    const postgres = await start();
    const url = new URL(postgres.url('postgres'));
    url.password = 'wrong';
    await expect(query(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
    const [row] = await query(
      postgres.url('postgres'),
      `SELECT current_setting('listen_addresses') AS addresses,
              current_setting('unix_socket_directories') AS sockets,
              (SELECT datlocale FROM pg_database WHERE datname = 'postgres') AS locale`,
    );
    expect(row).toEqual({ addresses: '127.0.0.1', sockets: '', locale: 'C.UTF-8' });
  });

  test('durable settings are the default', async () => {
    const postgres = await startPostgres({ dataDir });
    running.push(postgres);
    const [row] = await query(
      postgres.url('postgres'),
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`,
    );
    expect(row).toEqual({ fsync: 'on', commit: 'on' });
  });

  test('a database is made once, also when asked for twice at the same time', async () => {
    const postgres = await start();
    const urls = await Promise.all([1, 2, 3].map(() => postgres.createDatabase('with "quotes"')));
    await postgres.createDatabase('with "quotes"');
    expect(await query(urls[0] ?? '', 'SELECT current_database() AS name')).toEqual([
      { name: 'with "quotes"' },
    ]);
  });

  test('stop is told apart from an end nobody asked for', async () => {
    const postgres = await start();
    await postgres.stop();
    expect(await postgres.exited).toMatchObject({ code: 0, expected: true });
    const killed = await start();
    process.kill(killed.pid, 'SIGKILL');
    expect(await killed.exited).toMatchObject({ signal: 'SIGKILL', expected: false });
  });

  test('a child that crashes ends the whole server, and the next start recovers', async () => {
    const postgres = await start();
    const child = processesIn(cluster).find((pid) => pid !== postgres.pid);
    process.kill(child ?? 0, 'SIGKILL');
    expect(await postgres.exited).toMatchObject({ expected: false });
    await expectFacts(await start());
  });

  test('a child that outlives its postmaster does not hide its end, and goes at the next start', async () => {
    const postgres = await start();
    const child = processesIn(cluster).find((pid) => pid !== postgres.pid) ?? 0;
    process.kill(child, 'SIGSTOP');
    process.kill(postgres.pid, 'SIGKILL');
    expect(await postgres.exited).toMatchObject({ signal: 'SIGKILL', expected: false });
    expect(isAlive(child)).toBe(true);
    await expectFacts(await start());
    expect(isAlive(child)).toBe(false);
  });

  test('a start right after kill -9 with a session at work waits for it and recovers', async () => {
    const postgres = await start();
    const client = new pg.Client({ connectionString: postgres.url('postgres') });
    client.on('error', () => undefined);
    await client.connect();
    const cut = client.query('SELECT pg_sleep(60)').catch((error: Error) => error.message);
    process.kill(postgres.pid, 'SIGKILL');
    await expectFacts(await start());
    // Cut by the crash, or by the start that ends what the crash left over.
    expect(await cut).toMatch(/terminated|canceling statement/);
  });

  test('a postmaster that still runs in the folder is stopped first', async () => {
    const first = await start();
    const lines: string[] = [];
    const second = await start(0, (line) => lines.push(line));
    expect(lines[0]).toContain(`${first.pid}`);
    // Asked to stop while it was still coming up, Postgres ends with 1.
    expect(await first.exited).toMatchObject({ signal: null, expected: false });
    await expectFacts(second);
  });

  test('a stale pid file that names a process of somebody else is not believed', async () => {
    // Not our own pid: Postgres itself lets a parent's pass.
    const other = spawn('sleep', ['600'], { stdio: 'ignore' });
    writeFileSync(join(cluster, 'postmaster.pid'), `${other.pid}\n${cluster}\n`);
    await expectFacts(await start());
    expect(isAlive(other.pid ?? 0)).toBe(true);
    other.kill('SIGKILL');
  });

  test('it ends when its parent is killed', async () => {
    const [child, pid] = await runFixture('start-and-wait.ts', /^pid (\d+)$/);
    expect(isAlive(Number(pid))).toBe(true);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(processesIn(cluster)).toEqual([]), 30_000);
    await expectFacts(await start());
  });

  test('a port that is taken is refused by name', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await vi.waitFor(() => expect(other.address()).not.toBeNull(), 30_000);
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(start(port)).rejects.toThrow(PostgresPortTaken);
    other.close();
  });

  test('without its password file it does not start over', async () => {
    const path = join(dataDir, 'password');
    const password = readFileSync(path, 'utf8');
    rmSync(path);
    await expect(start()).rejects.toThrow('is gone');
    writeFileSync(path, password, { mode: 0o600 });
    await expectFacts(await start());
  });
});

test('where setpriv is missing, a shell ends what it guards when we are killed', async () => {
  const [child, pid] = await runFixture('guard-a-sleep.ts', /^pid (\d+)$/);
  expect(isAlive(Number(pid))).toBe(true);
  child.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false), 30_000);
});
