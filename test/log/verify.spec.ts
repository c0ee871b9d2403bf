import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connectTo,
  happened,
  newStream,
  query,
} from '../../embedded/event-store/_fixtures/harness.ts';
import { runningPostgres } from '../../embedded/postgres/running.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { eventStore, serving } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'event-log-spec-'));
let node: Awaited<ReturnType<typeof serving>>;

beforeAll(async () => {
  node = await serving('--data', folder);
});
afterAll(async () => {
  await node.stop();
  removeFolder(folder);
});

test('a log is verified beside its running node, and after it; damage is told by name', async () => {
  const stream = newStream();
  const client = connectTo(node.url);
  await client.appendToStream(stream, [happened(0), happened(1)]);
  const beside = await eventStore('verify', '--data', folder);
  expect(beside.out).toMatch(/^5 events in 4 streams \(2 of them metadata\), up to position 5,/);
  expect(beside).toMatchObject({ code: 0, err: '' });
  // The Postgres it looked through was the node's, which is still there.
  await client.appendToStream(stream, happened(2), { expectedRevision: 1n });
  await client.dispose();

  const running = await runningPostgres(folder);
  await query(
    running?.url('event_store') ?? '',
    `update event_store.event set data = '{}' where stream = '${stream}' and revision = 1`,
  );
  const second = await eventStore('--port', '0', '--data', folder);
  expect(second).toMatchObject({ code: 1, out: '' });
  expect(second.err).toContain(`${folder} is in use by process`);
  await node.stop();

  const damaged = await eventStore('verify', '--data', folder, '--json');
  expect(damaged.code).toBe(1);
  expect(
    damaged.out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toMatchObject([
    { type: 'damage', kind: 'checksum', stream, revision: '1', position: '5' },
    { type: 'verdict', whole: false, events: 6, damages: 1, head: '6' },
  ]);
  const told = await eventStore('verify', '--data', folder);
  expect(told.out).toContain(`checksum  event 1 of ${stream} (position 5)`);
  node = await serving('--data', folder);
});

test('what cannot be verified is said', async () => {
  expect(await eventStore('verify', '--data', '/nowhere')).toMatchObject({
    code: 2,
    err: '--data: there is no Postgres in /nowhere\n',
  });
  expect(await eventStore('verify', '--database-url', 'postgresql://127.0.0.1:1/x')).toMatchObject({
    code: 3,
    err: expect.stringContaining('ECONNREFUSED'),
  });
});
