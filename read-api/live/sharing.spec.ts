import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { createAccessTokens } from '../../platform/identity/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { kyselyOf } from '../../platform/postgres/index.ts';
import { batchOf, databaseAfter } from '../../projections/_fixtures/applied.ts';
import { season } from '../../projections/_fixtures/season.ts';
import { createChangesHeard } from '../../projections/_runtime/changes-heard.ts';
import { openGroup } from '../../projections/_runtime/group.ts';
import type { ReadDatabase } from '../../projections/_runtime/query.ts';
import { liveQueries, projections } from '../../projections/index.ts';
import { buildReadApi } from '../index.ts';
import type { LiveRoutes } from './index.ts';

const log = createLogger({ level: 'silent', name: 'spec' });
const history = season({ enrollments: 10 });
const isOf = (activityId: unknown) => (event: DeliveredEvent) =>
  (event.data as { activityId?: unknown }).activityId === activityId;
const published = history.find(({ type }) => type === 'ActivityPublished') ?? expect.fail();
const { activityId } = published.data as { activityId: string };
const next =
  history.find((event) => event.type === 'SeatHeld' && isOf(activityId)(event)) ?? expect.fail();

/** A read API over a database, whose first read for a stream waits when it has its snapshot. */
async function stage() {
  const database = await databaseAfter(history.slice(0, next.ordinal - 1));
  onTestFinished(() => database.drop());
  const heard = createChangesHeard({ url: database.url, log });
  const reading = Promise.withResolvers<void>();
  const mayGoOn = Promise.withResolvers<void>();
  const rung = Promise.withResolvers<void>();
  let subscribed = 0;
  const changes: LiveRoutes['changes'] = {
    news: heard.news,
    subscribe: (topics, wake) => {
      subscribed += 1;
      return heard.subscribe(topics, () => {
        wake();
        rung.resolve();
      });
    },
  };
  const live = liveQueries.map((one): LiveRoutes['live'][number] => ({
    ...one,
    changed: async (...asked) => {
      reading.resolve();
      await mayGoOn.promise;
      return one.changed(...asked);
    },
  }));
  const app = await buildReadApi({
    ...{ queries: [], live, changes, log, readiness: [] },
    // Nobody is told by a heartbeat what was missed.
    heartbeatMs: 600_000,
    db: kyselyOf(database.pool) as ReadDatabase,
    seen: { waitFor: async () => 'seen', seenOf: () => 0n },
    signTicket: ({ ticketId }) => `signed ${ticketId}`,
    identity: await createAccessTokens({
      ...{ seed: Buffer.alloc(32, 7), issuer: 'i', audience: 'a', minutes: 15 },
    }),
    urls: { write: 'http://write.test', read: 'http://read.test' },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const session = await openGroup({
    ...{ url: database.url, definitions: projections, log, readEvents: async () => [] },
    stopping: new AbortController().signal,
  });
  onTestFinished(async () => {
    await app.close();
    await heard.stop();
    await session.close();
  });
  const { port } = app.server.address() as AddressInfo;
  const follow = (): { ids(): number[] } => {
    const client = request({
      ...{ host: '127.0.0.1', port, path: `/v1/activities/${activityId}/live` },
    });
    onTestFinished(() => void client.destroy());
    client.on('error', () => undefined);
    client.end();
    let text = '';
    void once(client, 'response').then(([response]: IncomingMessage[]) => {
      response?.on('error', () => undefined);
      response?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
    });
    return { ids: () => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)) };
  };
  return {
    ...{ session, follow, reading, mayGoOn, rung, subscribed: () => subscribed },
  };
}

test('one who comes while somebody reads what was there before is told what came since', async () => {
  const { session, follow, reading, mayGoOn, rung, subscribed } = await stage();
  const early = follow();
  await reading.promise;
  await session.apply(batchOf([next], true));
  await rung.promise;
  const late = follow();
  await expect.poll(subscribed).toBe(2);
  mayGoOn.resolve();
  await expect.poll(() => early.ids().at(-1), { timeout: 5000 }).toBe(next.ordinal);
  await expect.poll(() => late.ids().at(-1), { timeout: 5000 }).toBe(next.ordinal);
});
