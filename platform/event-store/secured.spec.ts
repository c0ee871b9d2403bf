import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { urlFor } from '../../test/event-store/secured.ts';
import { openSecured } from '../../test/event-store/secured-target.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { type EventStore, foundLog, INSTALLATION_STREAM, openEventStore } from './index.ts';

type Secured = Awaited<ReturnType<typeof openSecured>>;
let secured: Secured;
let other: LogOfRecord;
const opened: EventStore[] = [];

beforeAll(async () => {
  secured = await openSecured();
  other = await startLogOfRecord();
});
afterAll(async () => {
  for (const store of opened) await store.dispose();
  await other?.stop();
  await secured?.close();
});

const openAs = (url: string): EventStore => {
  const store = openEventStore({ url, catalogue, keys: other.keys, log: other.log });
  opened.push(store);
  return store;
};

test('a user who may read $all is all that the platform needs', async () => {
  const { url, passwordOf } = secured;
  const admin = EventStoreDBClient.connectionString(urlFor(url, 'admin', passwordOf('admin')));
  const zoe = openAs(urlFor(url, 'zoe', passwordOf('zoe')));
  await foundLog(zoe);
  await expect(zoe.ready()).rejects.toThrow('reading the head failed');

  await admin.setStreamMetadata('$all', { acl: { readRoles: ['writers'] } });
  await zoe.ready();
  const id = await zoe.logId();
  const feed = zoe.feed(null);
  const [first] = await feed.take(1);
  expect(first).toMatchObject({ kind: 'event', event: { stream: INSTALLATION_STREAM } });
  feed.close();
  expect(await openAs(urlFor(url, 'zoe', passwordOf('zoe'))).logId()).toBe(id);
  await admin.dispose();
});

test('without the right password it has no event store', async () => {
  const eve = openAs(urlFor(secured.url, 'zoe', randomUUID()));
  await expect(eve.ready()).rejects.toThrow('reading the head failed');
});
