import { once } from 'node:events';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { type EventStoreNode, startEventStoreNode } from './index.ts';

const PATIENCE_MS = 150;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';
/** HEADERS of stream 1 without END_HEADERS, to be gone on with. */
const HEADERS = '\0\0\x01\x01\0\0\0\0\x01\x83';

let database: TestDatabase;
let node: EventStoreNode;

beforeAll(async () => {
  database = await createTestDatabase();
  const patience = { helloMs: PATIENCE_MS, keepaliveMs: PATIENCE_MS };
  node = await startEventStoreNode({ databaseUrl: database.url, ...patience });
});
afterAll(async () => {
  await node?.stop();
  await database?.drop();
});

const stalls: readonly (readonly [string, string])[] = [
  ['saying nothing', ''],
  ['three letters', 'PRI'],
  ['the preface', PREFACE],
  ['half of its settings', PREFACE + SETTINGS.slice(0, 5)],
  ['its settings, and never answers a ping', PREFACE + SETTINGS],
  ['headers without end', PREFACE + SETTINGS + HEADERS],
  ['half an HTTP/1.1 request', 'GET /ping HTTP/1.1\r\nhost: x\r\n'],
];
test.each(stalls)('a connection that stalls after %s is closed', async (_what, said) => {
  const socket = connect(node.port, node.host);
  socket.on('error', () => undefined);
  socket.resume();
  if (said !== '') socket.write(said, 'latin1');
  await once(socket, 'close');
  expect(socket.destroyed).toBe(true);
});

test('a client that is idle and answers pings stays', async () => {
  const session = http2.connect(`http://${node.host}:${node.port}`);
  await once(session, 'remoteSettings');
  let pings = 0;
  session.on('ping', () => {
    pings += 1;
  });
  // Each ping comes after the patience of a hello has run out.
  while (pings < 3) await once(session, 'ping');
  expect([session.closed, session.destroyed]).toEqual([false, false]);
  session.destroy();
});

test('a hello may come byte by byte', async () => {
  const socket = connect({ port: node.port, host: node.host, noDelay: true });
  for (const byte of PREFACE + SETTINGS) socket.write(byte, 'latin1');
  const [answer] = await once(socket, 'data');
  // The node's own settings.
  expect((answer as Buffer)[3]).toBe(4);
  socket.destroy();
});
