import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { choosePorts, type PortWish } from './ports.ts';

const parent = mkdtempSync(join(tmpdir(), 'pawprint-ports-'));
afterAll(() => removeFolder(parent));
let files = 0;
const newMemory = () => {
  files += 1;
  return join(parent, `ports-${files}.json`);
};

async function occupy(port = 0, host = '127.0.0.1') {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return { port: address.port, release: () => once(server.close(), 'close') };
}

async function unusedPort(): Promise<number> {
  const { port, release } = await occupy();
  await release();
  return port;
}

const api = (usual: number, more: Partial<PortWish<'api'>> = {}): PortWish<'api'> => ({
  name: 'api',
  title: 'write-api',
  usual,
  prefer: 'usual',
  ...more,
});
const store = (usual: number): PortWish<'store'> => ({
  name: 'store',
  title: 'the event store',
  usual,
  prefer: 'last',
});

test('takes the usual port when it is free, without a word', async () => {
  const usual = await unusedPort();
  const { portOf, notices } = await choosePorts([api(usual)], newMemory());
  expect([portOf('api'), notices]).toEqual([usual, []]);
});

test('says where it went when the usual port is taken', async () => {
  const { port: usual, release } = await occupy();
  const { portOf, notices } = await choosePorts([api(usual)], newMemory());
  expect(portOf('api')).not.toBe(usual);
  expect(notices).toEqual([`port ${usual} is taken, write-api is on ${portOf('api')}`]);
  await release();
});

test('a later start stays where it was, or goes back to the address in the docs', async () => {
  const memory = newMemory();
  const taken = [await occupy(), await occupy()];
  const [first = 0, second = 0] = taken.map(({ port }) => port);
  const before = await choosePorts([api(first), store(second)], memory);
  for (const { release } of taken) await release();
  const after = await choosePorts([api(first), store(second)], memory);
  expect(after.portOf('api')).toBe(first);
  expect(after.portOf('store')).toBe(before.portOf('store'));
  expect(after.notices).toEqual([]);
});

test('a port that was asked for is taken or refused, never moved', async () => {
  const { port, release } = await occupy();
  const wish = api(1, { asked: port });
  await expect(choosePorts([wish], newMemory())).rejects.toThrow(
    `port ${port} for write-api is taken`,
  );
  await release();
  expect((await choosePorts([wish], newMemory())).portOf('api')).toBe(port);
});

test('port 0 means any, and nobody gets the same', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `part-${index}`);
  const wishes = names.map((name) => ({ ...api(1, { asked: 0 }), name }));
  const { portOf, notices } = await choosePorts(wishes, newMemory());
  expect(new Set(names.map(portOf)).size).toBe(20);
  expect(notices).toEqual([]);
});

test('a port that is taken on ::1 alone counts as taken: localhost would lead there', async (context) => {
  const other = await occupy(0, '::1').catch(() => undefined);
  if (other === undefined) return context.skip('this machine has no IPv6 loopback');
  const { portOf } = await choosePorts([api(other.port)], newMemory());
  expect(portOf('api')).not.toBe(other.port);
  await other.release();
});
