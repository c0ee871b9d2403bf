import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createAccessTokens } from '../../platform/identity/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { renderMetrics } from '../../platform/telemetry/index.ts';
import { liveQueries } from '../../projections/index.ts';
import { buildReadApi } from '../index.ts';

const read = Promise.withResolvers<void>();
/** Answers each read at once: there is nothing to tell. */
const nothingNew = {
  transaction: () => nothingNew,
  setIsolationLevel: () => nothingNew,
  setAccessMode: () => nothingNew,
  execute: async () => {
    read.resolve();
    return { position: { ordinal: 1, rewrites: '' }, message: null, more: false };
  },
};

test('a client that is gone before it is known who it is holds no place and hears nothing', async () => {
  const tokens = await createAccessTokens({
    ...{ seed: Buffer.alloc(32, 7), issuer: 'i', audience: 'a', minutes: 15 },
  });
  const asked = Promise.withResolvers<void>();
  const known = Promise.withResolvers<void>();
  let listening = 0;
  const app = await buildReadApi({
    queries: [],
    live: liveQueries,
    changes: {
      news: () => 0,
      subscribe: () => {
        listening += 1;
        return () => {
          listening -= 1;
        };
      },
    },
    db: nothingNew as never,
    seen: { waitFor: async () => 'seen', seenOf: () => 0n },
    signTicket: () => '',
    identity: {
      verify: async (token) => {
        asked.resolve();
        await known.promise;
        return tokens.verify(token);
      },
    },
    urls: { write: 'http://write.test', read: 'http://read.test' },
    readiness: [],
    log: createLogger({ level: process.env['LOG_LEVEL'] ?? 'silent', name: 'spec' }),
  });
  onTestFinished(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const closed = Promise.withResolvers<void>();
  app.server.once('connection', (socket) => socket.once('close', () => closed.resolve()));
  const { port } = app.server.address() as AddressInfo;
  const { token } = await tokens.issue({
    ...{ memberId: 'mem_00000000000000000000000009', roles: ['member'], sessionId: 's' },
  });
  const client = request({
    ...{ host: '127.0.0.1', port, path: '/v1/me/enrollments/live' },
    headers: { authorization: `Bearer ${token}` },
  });
  client.on('error', () => undefined);
  client.end();
  await asked.promise;
  client.destroy();
  await closed.promise;
  known.resolve();
  await read.promise;
  expect(listening).toBe(0);
  await app.close();
  expect((await renderMetrics()).text).not.toMatch(/^pawprint_live_streams\{.*\} [1-9]/m);
});
