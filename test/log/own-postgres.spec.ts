import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { connectTo, happened, newStream } from '../../embedded/event-store/_fixtures/harness.ts';
import { processesIn } from '../../embedded/postgres/leftovers.ts';
import { runningPostgres } from '../../embedded/postgres/running.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { serving } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'event-log-spec-'));
afterAll(() => removeFolder(folder));

test('a node whose Postgres cannot start again goes on trying, and heals when it can', async () => {
  const node = await serving('--data', folder);
  const stream = newStream();
  const client = connectTo(node.url);
  await client.appendToStream(stream, happened(0), { expectedRevision: 'no_stream' });

  // Nothing keeps Postgres from starting as surely as somebody else on its port.
  const { port } = new URL((await runningPostgres(folder))?.url('event_store') ?? '');
  const squatter = createServer((socket) => socket.destroy());
  // Killed anew each time: the node may have been quicker to start it again.
  await vi.waitFor(async () => {
    for (const pid of processesIn(join(folder, 'cluster'))) process.kill(pid, 'SIGKILL');
    squatter.listen(Number(port), '127.0.0.1');
    await once(squatter, 'listening');
  }, 30_000);
  await expect
    .poll(() => node.errors(), { timeout: 30_000 })
    .toContain('Postgres does not start, trying again');
  await expect(
    client.appendToStream(stream, happened(1), { expectedRevision: 0n }),
  ).rejects.toMatchObject({ type: 'deadline-exceeded' });

  squatter.close();
  await expect
    .poll(
      () =>
        client.appendToStream(stream, happened(2), { expectedRevision: 0n }).then(
          ({ nextExpectedRevision }) => nextExpectedRevision,
          ({ type }: { type: string }) => type,
        ),
      { timeout: 30_000 },
    )
    .toBe(1n);
  await client.dispose();
  await node.stop();
});
