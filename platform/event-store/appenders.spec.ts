import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { type Appender, appendByClient, appendInBatch } from './append.ts';
import { openChannel } from './batch-append/channel.ts';
import type { EncodedEvent } from './codec.ts';
import { AppendRefusedError, OutcomeUnknownError } from './errors.ts';

let log: LogOfRecord;
let proxy: FaultProxy;
const clients: EventStoreDBClient[] = [];

beforeAll(async () => {
  log = await startLogOfRecord();
  const { hostname, port } = new URL(log.url);
  proxy = await startFaultProxy({ host: hostname, port: Number(port) });
});
afterAll(async () => {
  for (const client of clients) await client.dispose();
  await proxy.stop();
  await log.stop();
});

const connect = (url: string): EventStoreDBClient => {
  const client = EventStoreDBClient.connectionString(url);
  clients.push(client);
  return client;
};
const LONG_MS = 10_000;
const isRejected = (outcome: PromiseSettledResult<unknown>): outcome is PromiseRejectedResult =>
  outcome.status === 'rejected';

function event(data: EncodedEvent['data'] = { text: 'Žofie 🐾' }): EncodedEvent {
  const id = randomUUID();
  const now = '2026-05-01T08:00:00.000Z';
  const actor = { kind: 'system', id: 'spec' } as const;
  const metadata = {
    ...{ commandId: id, inputHash: '', $correlationId: id, $causationId: id },
    ...{ actor, occurredAt: now, recordedAt: now, schemaVersion: 1 },
  };
  return { id, type: 'SomethingWritten', data, metadata };
}

describe.each<[string, Appender]>([
  ["the client's own way", appendByClient],
  ['in bytes of our own', appendInBatch],
])('an append %s', (_way, append) => {
  const to = (stream: string, expectedRevision: number, events: readonly EncodedEvent[]) =>
    append(client, { stream, expectedRevision, events }, LONG_MS);
  let client: EventStoreDBClient;
  beforeAll(() => {
    client = connect(log.url);
  });

  it('is there, and tells its revision and position', async () => {
    const stream = `written-${randomUUID()}`;
    const events = [event(), event({ list: [1, null, { deep: '"\\' }] })];
    const first = await to(stream, -1, events);
    const [one, two] = await log.eventStore.readStreamRaw(stream);
    expect(first).toEqual({ kind: 'appended', revision: 1, position: two?.position });
    expect([one, two].map((raw) => [raw?.id, raw?.type, raw?.data, raw?.metadata])).toEqual(
      events.map(({ id, type, data, metadata }) => [id, type, data, metadata]),
    );
    expect(await to(stream, 1, [event()])).toMatchObject({ kind: 'appended', revision: 2 });
  });

  it('sent again is answered as it was, and not stored twice', async () => {
    const stream = `written-${randomUUID()}`;
    const events = [event()];
    const first = await to(stream, -1, events);
    expect(await to(stream, -1, events)).toEqual(first);
    expect(await log.eventStore.readStreamRaw(stream)).toHaveLength(1);
  });

  it('at another revision is a conflict, and stores nothing', async () => {
    const stream = `written-${randomUUID()}`;
    expect(await to(stream, 3, [event()])).toEqual({ kind: 'conflict', actual: -1 });
    await to(stream, -1, [event(), event()]);
    expect(await to(stream, -1, [event()])).toEqual({ kind: 'conflict', actual: 1 });
    expect(await to(stream, 0, [event()])).toEqual({ kind: 'conflict', actual: 1 });
    expect(await log.eventStore.readStreamRaw(stream)).toHaveLength(2);
  });

  it('that never can be made is refused', async () => {
    const gone = `written-${randomUUID()}`;
    await client.tombstoneStream(gone);
    await expect(to(gone, -1, [event()])).rejects.toThrow(AppendRefusedError);
    const large = event({ text: 'x'.repeat(1024 * 1024) });
    await expect(to(`written-${randomUUID()}`, -1, [large])).rejects.toThrow(AppendRefusedError);
    await expect(to('$all', -1, [event()])).rejects.toThrow(AppendRefusedError);
  });

  it('of more than one message of the wire is one append', async () => {
    const stream = `written-${randomUUID()}`;
    const text = 'x'.repeat(20_000);
    const events = Array.from({ length: 45 }, () => event({ text })).map((each) => ({
      ...each,
      metadata: { ...each.metadata, inputHash: text },
    }));
    expect(await to(stream, -1, events)).toMatchObject({ kind: 'appended', revision: 44 });
  });

  it('without an answer is UNKNOWN, and so are all that were sent with it', async () => {
    const faulty = connect(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    const through = (stream: string, timeoutMs: number) =>
      append(faulty, { stream, expectedRevision: -1, events: [event()] }, timeoutMs);
    await through(`written-${randomUUID()}`, LONG_MS);
    await proxy.set('black-hole');
    await expect(through(`written-${randomUUID()}`, 50)).rejects.toThrow(OutcomeUnknownError);
    await proxy.set('pass');
    // More than go on streams of their own.
    const streams = Array.from({ length: 20 }, () => `written-${randomUUID()}`);
    const before = proxy.cuts();
    await proxy.set('cut-reply');
    const outcomes = await Promise.allSettled(streams.map((stream) => through(stream, LONG_MS)));
    expect(outcomes.filter(isRejected)).toHaveLength(streams.length);
    for (const { reason } of outcomes.filter(isRejected)) {
      expect(reason).toBeInstanceOf(OutcomeUnknownError);
      // As the connection ended, not when the time was up.
      expect(String(reason.cause)).not.toMatch('no answer within');
    }
    expect(proxy.cuts()).toBeGreaterThan(before);
    await proxy.set('pass');
    await expect
      .poll(() => through(`written-${randomUUID()}`, 2000).catch(() => null), { timeout: 15_000 })
      .toMatchObject({ kind: 'appended' });
  });
});

describe('a stream of our own', () => {
  it('is opened on the connection of this version of the client', async () => {
    expect(await openChannel(connect(log.url), () => 'attached')).toBe('attached');
  });

  it('is not opened on a client that has no such thing: appends go its own way', async () => {
    const changed = connect(log.url);
    Reflect.set(changed, 'GRPCStreamCreator', undefined);
    expect(await openChannel(changed, () => 'attached')).toBe(null);
    const older = connect(log.url);
    Reflect.set(older, 'supports', async () => false);
    const to = { stream: `written-${randomUUID()}`, expectedRevision: -1, events: [event()] };
    expect(await appendInBatch(older, to, LONG_MS)).toMatchObject({ kind: 'appended' });
  });
});
