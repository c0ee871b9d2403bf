import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { gatheringSocket } from './gathering-socket.ts';

const server = createServer();
afterEach(() => {
  server.close();
});

it('sends in one piece what is written in one turn, and the next turn by itself', async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = gatheringSocket();
  const [[other]] = (await Promise.all([
    once(server, 'connection'),
    once(socket.connect((server.address() as AddressInfo).port, '127.0.0.1'), 'connect'),
  ])) as [[Socket], unknown];
  let received = '';
  other.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  const writes = [vi.spyOn(socket, '_write'), vi.spyOn(socket, '_writev')];
  const calls = (): number => writes.reduce((sum, { mock }) => sum + mock.calls.length, 0);

  socket.write('begin ');
  await Promise.resolve();
  socket.write('insert ');
  // As `pg` does for the messages of one statement.
  socket.cork();
  socket.write('bind ');
  socket.write('execute ');
  socket.uncork();
  await Promise.resolve();
  expect(calls()).toBe(0);
  await vi.waitFor(() => expect(received).toBe('begin insert bind execute '));
  expect(calls()).toBe(1);

  socket.write('commit');
  await vi.waitFor(() => expect(received).toBe('begin insert bind execute commit'));
  expect(calls()).toBe(2);
  socket.end();
  await once(other, 'end');
  other.destroy();
});
