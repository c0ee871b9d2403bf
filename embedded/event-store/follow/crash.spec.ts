import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jsonEvent } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { connectTo, happened, query } from '../_fixtures/harness.ts';
import { linksByStream, linksOfAFreshPass } from '../_fixtures/links.ts';

const script = fileURLToPath(new URL('../../../bin/event-store.ts', import.meta.url));
const KILLS = Number(process.env['KILLS'] ?? 6);

let database: TestDatabase;
let child: ChildProcess | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await kill();
  await database.drop();
});

const start = async (): Promise<string> => {
  const args = ['--port', '0', '--database-url', database.url, '--start-standard-projections'];
  child = fork(script, args, { silent: true });
  const [ready] = await once(child, 'message');
  return ready.url;
};

const kill = async (): Promise<void> => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

const checkpoint = async (): Promise<bigint> => {
  const [row] = await query<{ sum: string | null }>(
    database.url,
    'select sum(position)::text from event_store.follower',
  );
  return BigInt(row?.sum ?? 0);
};

test('killed many times amidst writes, the node has every link once and in order', {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  let url = await start();
  let client = connectTo(url);
  let writing = true;
  const write = async (writer: number): Promise<void> => {
    const stream = `cat${writer % 3}-${writer}-of-four`;
    for (let n = 0; writing; n++) {
      const metadata = { $correlationId: `flow-${n % 5}` };
      const events = [jsonEvent({ type: `type${n % 4}`, data: { n }, metadata }), happened(n)];
      // What a kill took is sent again, as an application does; whether it is there twice is no matter.
      await client.appendToStream(stream, events).catch(() => delay(20));
    }
  };
  const writers = [0, 1, 2, 3].map(write);
  for (let killed = 0; killed < KILLS; killed++) {
    const before = await checkpoint();
    await expect.poll(checkpoint, { timeout: 20_000, interval: 5 }).toBeGreaterThan(before);
    await delay(Math.random() * 60);
    await kill();
    url = await start();
    // The client that was cut off fails its appends, and those of its process, when it is disposed of.
    client = connectTo(url);
  }
  writing = false;
  await Promise.all(writers);

  const progress = async () =>
    (await client.listProjections()).map((projection) => projection.progress);
  await expect.poll(progress, { timeout: 20_000 }).toEqual([100, 100, 100, 100]);
  const events = await Array.fromAsync(client.readAll());
  void client.dispose();
  const expected = linksOfAFreshPass(events);
  expect(linksByStream(events)).toEqual(expected);
  // There was something to get wrong: each kind of stream, and links from before every kill.
  expect([...expected.keys()]).toEqual(
    expect.arrayContaining(['$ce-cat0', '$et-type3', '$streams', '$bc-flow-4']),
  );
  expect(expected.get('$et-happened')?.length).toBeGreaterThan(KILLS);
});
