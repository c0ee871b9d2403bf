import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { readOptions } from './options.ts';
import { chooseStartPorts } from './ports.ts';

test('the port of a part that runs elsewhere may be taken: nobody hears of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-ports-'));
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const free = [
    ...['WRITE_API', 'READ_API', 'POSTGRES', 'STRIPE_SANDBOX', 'MAILBOX_SMTP', 'MAILBOX_HTTP'],
  ].map((name) => [`${name}_PORT`, '0']);
  const env = { ...Object.fromEntries(free), EVENTSTORE_PORT: String(address.port) };
  const choose = (more: Record<string, string>) =>
    chooseStartPorts(readOptions([], { ...env, ...more }).env, folder, false);
  try {
    await expect(choose({})).rejects.toThrow('for the event store is taken');
    const { notices, portOf } = await choose({ EVENTSTORE_URL: 'esdb://elsewhere:2113' });
    expect(notices).toEqual([]);
    expect(portOf('postgres')).toBeGreaterThan(0);
  } finally {
    other.close();
    removeFolder(folder);
  }
});
