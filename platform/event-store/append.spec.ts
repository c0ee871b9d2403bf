import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import {
  type EventStore,
  type EventToAppend,
  OutcomeUnknownError,
  openEventStore,
} from './index.ts';

let log: LogOfRecord;
let proxy: FaultProxy;
let faulty: EventStore;

beforeAll(async () => {
  log = await startLogOfRecord();
  const { hostname, port } = new URL(log.url);
  proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  faulty = openEventStore({
    url: `esdb://127.0.0.1:${proxy.port}?tls=false`,
    catalogue,
    keys: log.keys,
    log: log.log,
  });
  // The stream of appends is open from now on; opening it has answers of its own that could be cut.
  await faulty.append(`activity-${deriveId('act', 'warm')}`, -1, [published('warm')], {
    deadline: Date.now() + 5000,
  });
});
afterAll(async () => {
  await faulty.dispose();
  await proxy.stop();
  await log.stop();
});

const now = '2026-05-01T08:00:00.000Z';
function published(seed: string): EventToAppend {
  const commandId = randomUUID();
  return {
    id: eventIdOf(commandId, 'activity', 0),
    type: 'ActivityPublished',
    data: { activityId: deriveId('act', seed) },
    metadata: {
      commandId,
      inputHash: '',
      $correlationId: commandId,
      $causationId: commandId,
      actor: { kind: 'system', id: 'spec' },
      occurredAt: now,
      recordedAt: now,
      schemaVersion: 1,
    },
  };
}

describe('an append whose outcome is unknown', () => {
  it('is told as appended once it is known, and stored once', async () => {
    const stream = `activity-${deriveId('act', 'cut')}`;
    const before = proxy.cuts();
    await proxy.set('cut-reply');
    const pending = faulty.append(stream, -1, [published('cut')], {
      deadline: Date.now() + 20_000,
    });
    await expect.poll(() => proxy.cuts(), { timeout: 15_000 }).toBeGreaterThan(before);
    // It worked although nobody was told.
    await expect
      .poll(async () => (await log.eventStore.readStream(stream)).length, { timeout: 15_000 })
      .toBe(1);
    await proxy.set('pass');
    expect(await pending).toMatchObject({ kind: 'appended', revision: 0, retried: true });
    expect(await log.eventStore.readStream(stream)).toHaveLength(1);
  });

  it('is UNKNOWN at the deadline, never "failed"; the same ids again tell', async () => {
    const stream = `activity-${deriveId('act', 'hole')}`;
    const event = published('hole');
    await proxy.set('black-hole');
    await expect(
      faulty.append(stream, -1, [event], { deadline: Date.now() + 300 }),
    ).rejects.toThrow(OutcomeUnknownError);
    await proxy.set('pass');
    const again = await faulty.append(stream, -1, [event], { deadline: Date.now() + 15_000 });
    expect(again).toMatchObject({ kind: 'appended', revision: 0 });
    expect(await log.eventStore.readStream(stream)).toHaveLength(1);
  });

  it('waits for a store that is away, and goes on when it is back', async () => {
    const stream = `activity-${deriveId('act', 'away')}`;
    await proxy.set('refuse');
    const pending = faulty.append(stream, -1, [published('away')], {
      deadline: Date.now() + 20_000,
    });
    await new Promise((resolve) => setImmediate(resolve));
    await proxy.set('pass');
    expect(await pending).toMatchObject({ kind: 'appended' });
    expect(await log.eventStore.readStream(stream)).toHaveLength(1);
  });

  it('tells a conflict from an unknown outcome', async () => {
    const stream = `activity-${deriveId('act', 'conflict')}`;
    await faulty.append(stream, -1, [published('conflict')], { deadline: Date.now() + 5000 });
    const second = await faulty.append(stream, -1, [published('conflict')], {
      deadline: Date.now() + 5000,
    });
    expect(second).toMatchObject({ kind: 'conflict', actual: 0, retried: false });
  });
});
