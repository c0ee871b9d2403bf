import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { connectTo, happened, newStream, numbers, query, read } from './_fixtures/harness.ts';

const script = fileURLToPath(new URL('../../bin/event-store.ts', import.meta.url));

let database: TestDatabase;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await database.drop();
});

const run = (args: readonly string[]) => {
  const child = fork(script, [...args], { silent: true });
  running.add(child);
  const said = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    said.out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    said.err += String(chunk);
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  return { child, said, ended };
};

const start = async (...args: string[]) => {
  const where = args.includes('--database-url') ? [] : ['--database-url', database.url];
  const node = run([...where, ...args]);
  const first = await Promise.race([
    once(node.child, 'message').then(([message]) => message as { url: string; port: number }),
    node.ended.then(() => Promise.reject(new Error(node.said.err))),
  ]);
  return { ...node, ...first };
};

test('says READY, and ends with its parent', async () => {
  const node = await start('--port', '0');
  expect(node.url).toBe(`esdb://127.0.0.1:${node.port}?tls=false`);
  expect(node.said.out).toBe(`READY ${node.url}\n`);
  const client = connectTo(node.url);
  await client.appendToStream(newStream(), happened());
  await client.dispose();
  node.child.disconnect();
  expect(await node.ended).toEqual({ code: 0, signal: null });
});

test('killed in the midst of writes and started again, it has all that it answered, once', async () => {
  const port = await freePort();
  let node = await start('--port', String(port));
  const client = connectTo(node.url);
  const each = 40;
  let answered = 0;
  const write = async (stream: string): Promise<void> => {
    for (let n = 0; n < each; n++) {
      const event = happened(n);
      const expectedRevision = n === 0 ? 'no_stream' : BigInt(n - 1);
      for (;;) {
        try {
          await client.appendToStream(stream, event, { expectedRevision });
          answered += 1;
          break;
        } catch (error) {
          // Which of the client's errors it is depends on where the node was hit; a version is none.
          expect(error).not.toMatchObject({ type: 'wrong-expected-version' });
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    }
  };
  const streams = Array.from({ length: 8 }, () => newStream());
  const writing = Promise.all(streams.map(write));
  for (const share of [0.2, 0.5]) {
    await expect
      .poll(() => answered, { interval: 2, timeout: 10_000 })
      .toBeGreaterThan(share * each * streams.length);
    node.child.kill('SIGKILL');
    await node.ended;
    node = await start('--port', String(port));
  }
  await writing;
  for (const stream of streams) {
    expect(numbers(await read(client.readStream(stream)))).toEqual(
      Array.from({ length: each }, (_, n) => n),
    );
  }
  await client.dispose();
});

test('stopped for so long that Postgres gave its lock away, it can write no more when it wakes', async () => {
  // A second instead of the minute that sessions get.
  const impatient = new URL(database.url);
  impatient.searchParams.set('options', '-c idle_session_timeout=1s');
  const frozen = await start('--port', '0', '--database-url', impatient.href);
  const stream = newStream();
  const sleeper = connectTo(frozen.url);
  await sleeper.appendToStream(stream, happened(0));
  frozen.child.kill('SIGSTOP');
  let late: Promise<unknown>;
  let client: EventStoreDBClient | undefined;
  try {
    await expect
      .poll(() => query(database.url, WRITERS), { timeout: 10_000 })
      .toEqual([{ writers: '0' }]);
    const next = await start('--port', '0');
    client = connectTo(next.url);
    await client.appendToStream(stream, happened(1), { expectedRevision: 0n });
    // It waits in the frozen node, and would fit: nobody told that node of revision 1.
    late = sleeper.appendToStream(stream, happened(-1), { expectedRevision: 0n });
  } finally {
    frozen.child.kill('SIGCONT');
  }
  await expect(late).rejects.toMatchObject({ type: 'deadline-exceeded' });
  await expect.poll(() => frozen.said.err).toContain('another event store node');
  const rows = await query<{ data: string }>(
    database.url,
    `select convert_from(data, 'UTF8') as data from event_store.event where stream = '${stream}' order by revision`,
  );
  expect(rows.map(({ data }) => data)).toEqual(['{"n":0}', '{"n":1}']);
  // Not earlier: the end of one client fails the open appends of all.
  await Promise.all([client?.dispose(), sleeper.dispose()]);
});

const WRITERS = `
  select count(*)::text as writers from pg_stat_activity
  where datname = current_database() and application_name like 'event-store writer%'`;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
};

test('a taken port is an error, or with --any-port another one', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const args = ['--database-url', database.url, '--port', String(port)];
  const refused = run(args);
  expect(await refused.ended).toMatchObject({ code: 1 });
  await expect.poll(() => refused.said.err).toContain('EADDRINUSE');
  const node = await start('--port', String(port), '--any-port');
  expect(node.port).not.toBe(port);
  taken.close();

  const second = run(['--database-url', database.url, '--port', '0']);
  expect(await second.ended).toMatchObject({ code: 1 });
  await expect.poll(() => second.said.err).toContain(`pid=${node.child.pid}`);

  node.child.kill('SIGTERM');
  expect(await node.ended).toEqual({ code: 0, signal: null });
});

test('what is wrong on the command line is said by name', async () => {
  const wrong = [
    [['--port', 'x', '--database-url', 'postgresql://x'], '--port: is 0 to 65535'],
    [['--database-url', 'mysql://x'], '--database-url: is a URL'],
    [['--data', 'd', '--prot', '1'], '--prot is not known: event-store serve takes --port N'],
    [['--data', 'd', '--database-url', 'postgresql://x'], 'exclude each other'],
    [['vreify'], '"vreify" is not known: event-store takes serve, verify, export, import'],
  ] as const;
  for (const { node, message } of wrong.map(([args, message]) => ({ node: run(args), message }))) {
    expect(await node.ended).toMatchObject({ code: 2 });
    await expect.poll(() => node.said.err).toContain(message);
  }
});
