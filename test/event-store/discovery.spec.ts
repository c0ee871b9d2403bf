import {
  EventStoreDBClient,
  persistentSubscriptionToAllSettingsFromDefaults,
} from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { happened, newStream, openTarget, read, revisions, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

test('a client finds the node by gossip and works with it', async () => {
  const client = EventStoreDBClient.connectionString(
    target.url.replace('esdb://', 'esdb+discover://'),
  );
  const stream = newStream();
  await client.appendToStream(stream, happened());
  expect(revisions(await read(client.readStream(stream)))).toEqual([0n]);
  await client.dispose();
});

test('ping answers over HTTP/1.1 on the same port', async () => {
  const { host } = new URL(target.url.replace('esdb:', 'http:'));
  const answer = await fetch(`http://${host}/ping`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ msg: 'Ping!' });
});

test.skipIf(process.env['EVENTSTORE_CONTRACT_URL'] !== undefined)(
  'what the node cannot do is said, not left hanging',
  async () => {
    await expect(
      target.client.createPersistentSubscriptionToAll(
        'group',
        persistentSubscriptionToAllSettingsFromDefaults(),
      ),
    ).rejects.toMatchObject({ type: 'unsupported' });
    await expect(target.client.createProjection('p', 'fromAll()')).rejects.toBeInstanceOf(Error);
  },
);
