import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import {
  EventStoreUnavailableError,
  type EventToAppend,
  INSTALLATION_STREAM,
  OutcomeUnknownError,
  openEventStore,
  ReadRefusedError,
} from './index.ts';

let log: LogOfRecord;
let proxy: FaultProxy;

beforeAll(async () => {
  log = await startLogOfRecord();
  const { hostname: host, port } = new URL(log.url);
  proxy = await startFaultProxy({ host, port: Number(port) });
});
afterAll(async () => {
  await proxy?.stop();
  await log?.stop();
});

const open = () =>
  openEventStore({
    url: `esdb://127.0.0.1:${proxy.port}?tls=false`,
    ...{ catalogue, keys: log.keys, log: log.log },
  });

const probe = (): EventToAppend => {
  const commandId = randomUUID();
  return {
    id: eventIdOf(commandId, 'activity', 0),
    type: 'ActivityPublished',
    data: { activityId: deriveId('act', 'probe') },
    metadata: {
      ...{ commandId, inputHash: '', $correlationId: commandId, $causationId: commandId },
      actor: { kind: 'system', id: 'spec' },
      occurredAt: '2026-05-01T08:00:00.000Z',
      recordedAt: '2026-05-01T08:00:00.000Z',
      schemaVersion: 1,
    },
  };
};

// The official client ends a cancelled read as if it were complete. A stream that seemed empty for
// that reason got seats refused as `not-open`, and their money sent back.
test('a read that was cut short because its client was replaced is whole or fails, never short', async () => {
  const store = open();
  const whole = await store.readStreamRaw(INSTALLATION_STREAM);
  expect(whole).toHaveLength(1);
  await proxy.set('black-hole');
  const read = store.readStreamRaw(INSTALLATION_STREAM).catch((error: Error) => error);
  // An append without an answer makes a new client take over.
  await expect(
    store.append(`activity-${deriveId('act', 'probe')}`, -1, [probe()], {
      deadline: Date.now() + 300,
    }),
  ).rejects.toBeInstanceOf(OutcomeUnknownError);
  await proxy.set('pass');
  const got = await read;
  // What it comes to depends on the moment in which the network is back.
  if (got instanceof Error) expect(got).toBeInstanceOf(EventStoreUnavailableError);
  else expect(got).toEqual(whole);
  await store.dispose();
});

// The official client keeps the call of a read that was left before its end. Pulses and sessions look
// at one event each, so a process grew for as long as it lived.
test('a look at one event leaves no call behind in the client', async () => {
  const reads = vi.spyOn(EventStoreDBClient.prototype, 'readAll');
  const store = open();
  for (let n = 0; n < 5; n += 1) await store.idAt(await store.head());
  const [client] = reads.mock.contexts;
  reads.mockRestore();
  if (client === undefined) throw new Error('nothing was read');
  const { disposableStreams } = client as { disposableStreams?: ReadonlySet<unknown> };
  await vi.waitFor(() => expect(disposableStreams?.size).toBe(0));
  await store.dispose();
});

// A tombstone is an answer of the store, not a failure of the client, which has others' calls in flight.
test('a read of a stream that was deleted for good is refused, and the client goes on to serve others', async () => {
  const store = open();
  const gone = `activity-${deriveId('act', 'gone')}`;
  const admin = EventStoreDBClient.connectionString(log.url);
  await admin.tombstoneStream(gone);
  await admin.dispose();
  await store.head();
  const made = vi.spyOn(EventStoreDBClient, 'connectionString');
  await expect(store.readStreamRaw(gone)).rejects.toBeInstanceOf(ReadRefusedError);
  expect(made).not.toHaveBeenCalled();
  made.mockRestore();
  await store.dispose();
});
