import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { storeAppends } from '../../test/support/fault-proxy/dialects/event-store.ts';
import {
  type FaultProxy,
  type ProxyMode,
  startFaultProxy,
} from '../../test/support/fault-proxy/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { timeLimits } from '../time-limits.ts';
import {
  type EventStore,
  EventStoreUnavailableError,
  type EventToAppend,
  openEventStore,
} from './index.ts';

let log: LogOfRecord;
let proxy: FaultProxy;
let store: EventStore;

beforeAll(async () => {
  log = await startLogOfRecord();
  const { hostname: host, port } = new URL(log.url);
  proxy = await startFaultProxy({ host, port: Number(port) }, storeAppends);
  const url = `esdb://127.0.0.1:${proxy.port}?tls=false`;
  store = openEventStore({ url, catalogue, keys: log.keys, log: log.log });
});
afterEach(() => proxy.set('pass'));
afterAll(async () => {
  await store.dispose();
  await proxy.stop();
  await log.stop();
});

const streamOf = (seed: string): string => `activity-${deriveId('act', seed)}`;

function published(seed: string): EventToAppend {
  const commandId = randomUUID();
  const now = '2026-05-01T08:00:00.000Z';
  return {
    id: eventIdOf(commandId, 'activity', 0),
    type: 'ActivityPublished',
    data: { activityId: deriveId('act', seed) },
    metadata: {
      ...{ commandId, inputHash: '', $correlationId: commandId, $causationId: commandId },
      actor: { kind: 'system', id: 'spec' },
      ...{ occurredAt: now, recordedAt: now, schemaVersion: 1 },
    },
  };
}

const within = async (ms: number, work: () => Promise<unknown>): Promise<void> => {
  const since = performance.now();
  await work();
  expect(performance.now() - since).toBeLessThan(ms);
};

it('an append of which no answer ever arrives is looked for, and told as appended', async () => {
  await proxy.set('cut-answers');
  const before = proxy.cuts();
  const deadline = Date.now() + timeLimits.commandMs;
  const told = await store.append(streamOf('never'), -1, [published('never')], { deadline });
  expect(told).toMatchObject({ kind: 'appended', revision: 0, retried: true });
  expect(proxy.cuts()).toBe(before + 1);
  expect(told.kind === 'appended' && told.position).toBe(
    (await log.eventStore.readStreamRaw(streamOf('never')))[0]?.position,
  );
});

it('what was looked for and is not ours is a conflict', async () => {
  const stream = streamOf('taken');
  const pending = { deadline: Date.now() + timeLimits.commandMs };
  await log.eventStore.append(stream, -1, [published('taken')], pending);
  await proxy.set('cut-answers');
  const told = await store.append(stream, -1, [published('taken')], pending);
  expect(told).toMatchObject({ kind: 'conflict', retried: true });
});

it('an append whose deadline has passed is not sent', async () => {
  const stream = streamOf('late');
  const late = store.append(stream, -1, [published('late')], { deadline: Date.now() - 1 });
  await expect(late).rejects.toThrow(EventStoreUnavailableError);
  expect(await log.eventStore.readStreamRaw(stream)).toEqual([]);
});

it('a read ends at its deadline, and the client goes on to serve others', async () => {
  await proxy.set('latency', { latencyMs: 400 });
  const read = store.readStreamRaw(streamOf('never'), { deadline: Date.now() + 100 });
  await expect(read).rejects.toThrow(EventStoreUnavailableError);
  await proxy.set('pass');
  expect(await store.readStreamRaw(streamOf('never'))).toHaveLength(1);
});

const silent: readonly ProxyMode[] = ['black-hole', 'half-open'];

it.each(silent)('who follows an idle log notices a %s, and is served after it', async (mode) => {
  const { pulseMs, silenceMs } = timeLimits.eventStore;
  const followToTheEnd = async () => {
    const feed = store.feed(null);
    for (;;) {
      const items = await feed.take(500);
      if (items.some(({ kind }) => kind === 'caught-up')) return feed;
    }
  };
  const feed = await followToTheEnd();
  await proxy.set(mode);
  // What is on its way (a checkpoint) is taken first.
  const ended = (async () => {
    for (;;) await feed.take(500);
  })();
  await within(timeLimits.recoveryMs, () => expect(ended).rejects.toThrow());
  expect(pulseMs + silenceMs).toBeLessThan(timeLimits.recoveryMs);
  await proxy.set('pass');
  await within(timeLimits.recoveryMs, async () => {
    const again = await expect
      .poll(() => followToTheEnd().catch((error: Error) => error), { timeout: 10_000 })
      .toMatchObject({ take: expect.any(Function) });
    return again;
  });
});
