import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { connectionOptions } from '../../platform/nats/index.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { registry } from '../../platform/telemetry/index.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { natsServerForSpecs, startTestNats, type TestNats } from '../../test/support/nats.ts';
import type { CloudEvent } from './envelope.ts';
import { EVENTS_STREAM, type NatsRelay, startNatsRelay } from './index.ts';

const server = await natsServerForSpecs();
const PATIENCE = { timeout: 15_000, interval: 25 };

describe.skipIf(server === null)('the NATS relay', () => {
  let log: LogOfRecord;
  let nats: TestNats;
  let database: TestDatabase;
  const relays: NatsRelay[] = [];

  beforeAll(async () => {
    log = await startLogOfRecord();
  });
  afterAll(() => log.stop());
  beforeEach(async () => {
    if (server === null) return;
    [nats, database] = await Promise.all([startTestNats(server), createTestDatabase()]);
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await nats.stop();
    await database.drop();
  });

  const relay = async (more: { natsUrl?: string; maxBatch?: number } = {}): Promise<NatsRelay> => {
    const started = await startNatsRelay({
      natsUrl: nats.url,
      eventStore: log.eventStore,
      databaseUrl: database.url,
      catalogue,
      log: log.log,
      ...more,
    });
    relays.push(started);
    return started;
  };

  /** Registers members: personal data, three events to a stream. */
  const register = async (count: number): Promise<string[]> => {
    const run = randomUUID();
    const appends = Array.from({ length: count }, async (_, n) => {
      const memberId = deriveId('mem', `${run} ${n}`);
      const commandId = randomUUID();
      const metadata = {
        commandId,
        inputHash: 'of the input',
        $correlationId: commandId,
        $causationId: commandId,
        actor: { kind: 'person', id: memberId },
        occurredAt: '2026-05-01T08:00:00.000Z',
        recordedAt: '2026-05-01T08:00:01.000Z',
        schemaVersion: 1,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      } as const;
      const events = [
        {
          type: 'MemberRegistered',
          data: {
            memberId,
            email: `mirela.${n}@example.org`,
            name: `Mirela Quandt ${n}`,
            emailReservation: 'email.hash',
          },
        },
        { type: 'PasswordSet', data: { memberId, passwordHash: '$argon2id$Quandt' } },
        { type: 'RoleGranted', data: { memberId, role: 'staff' } },
      ].map((event, index) => ({
        ...event,
        id: eventIdOf(commandId, 'member', index),
        metadata,
      }));
      await log.eventStore.append(`member-${memberId}`, -1, events, {
        deadline: Date.now() + 10_000,
      });
      return events.map(({ id }) => id);
    });
    return (await Promise.all(appends)).flat();
  };

  /** Ids of all application events, in log order. */
  const logged = async (): Promise<string[]> => {
    const { rows } = await log.pool.query<{ id: string }>(IDS_IN_LOG_ORDER);
    return rows.map(({ id }) => id);
  };

  type OnBus = { readonly subject: string; readonly msgId: string; readonly event: CloudEvent };

  /** Everything in the stream, in its order. */
  const onBus = async (): Promise<OnBus[]> => {
    const connection = await connect(connectionOptions(nats.url));
    try {
      const manager = await connection.jetstreamManager();
      const { state } = await manager.streams.info(EVENTS_STREAM.name);
      const messages: OnBus[] = [];
      if (state.messages === 0) return [];
      const consumer = await connection.jetstream().consumers.get(EVENTS_STREAM.name);
      for await (const message of await consumer.fetch({
        max_messages: state.messages,
        expires: 5000,
      })) {
        messages.push({
          subject: message.subject,
          msgId: message.headers?.get('Nats-Msg-Id') ?? '',
          event: message.json(),
        });
      }
      return messages;
    } finally {
      await connection.close();
    }
  };

  const untilRelayed = async (one: NatsRelay): Promise<void> => {
    const head = await log.eventStore.head();
    await one.consumer.reached(head, AbortSignal.timeout(PATIENCE.timeout));
  };

  const expectWhole = async (): Promise<OnBus[]> => {
    const messages = await onBus();
    expect(messages.map(({ event }) => event.id)).toEqual(await logged());
    expect(messages.map(({ event }) => Number(event.ordinal))).toEqual(
      messages.map((_, index) => index + 1),
    );
    return messages;
  };

  it('puts every event on the bus once, in log order, and nothing personal', async () => {
    await register(40);
    const one = await relay();
    await untilRelayed(one);
    await register(5);
    await untilRelayed(one);

    const messages = await expectWhole();
    expect(messages.every(({ msgId, event }) => msgId === event.id)).toBe(true);
    expect(JSON.stringify(messages)).not.toMatch(/Mirela|Quandt|example\.org|argon2|\$sealed/);
    const registered = messages.find(({ event }) => event.type.endsWith('.MemberRegistered'));
    expect(registered?.subject).toBe('pawprint.events.member.MemberRegistered');
    expect(registered?.event).toMatchObject({
      specversion: '1.0',
      source: `urn:pawprint:${await log.eventStore.logId()}`,
      type: 'pawprint.member.MemberRegistered',
      time: '2026-05-01T08:00:00.000Z',
      recordedtime: '2026-05-01T08:00:01.000Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:pawprint:event:MemberRegistered:1',
      revision: 0,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      data: { emailReservation: 'email.hash' },
    });
  });

  it('loses and doubles nothing while the broker is killed and comes back', async () => {
    const one = await relay({ maxBatch: 7 });
    const feeding = register(60);
    await vi.waitFor(async () => expect((await onBus()).length).toBeGreaterThan(20), PATIENCE);
    await nats.crash();
    await feeding;
    await register(5);
    await vi.waitFor(() => expect(one.health().trouble).not.toBeNull(), PATIENCE);
    await nats.restart();
    await untilRelayed(one);
    await expectWhole();
  });

  it('goes on from its checkpoint after a restart, and from none if it is new', async () => {
    await register(3);
    const first = await relay();
    await untilRelayed(first);
    const before = first.health().ordinal;
    await first.stop();
    await register(3);
    const second = await relay();
    await untilRelayed(second);
    await expectWhole();
    const pool = createPool({ url: database.url, name: 'spec' });
    const { rows } = await pool.query<{ ordinal: number }>(
      'select ordinal::int as ordinal from relay.checkpoints',
    );
    await pool.end();
    expect(rows).toEqual([{ ordinal: before + 9 }]);
  });

  it('finds its place by what the stream ends with when the checkpoint is older or ahead', async () => {
    await register(3);
    const first = await relay();
    await untilRelayed(first);
    await first.stop();
    const pool = createPool({ url: database.url, name: 'spec' });
    // Cut before saving. Ids may be forgotten by then, so nothing is even tried again: the stream
    // says what it has.
    await pool.query('update relay.checkpoints set ordinal = 1, position = 0');
    const before = await sent();
    const second = await relay();
    await untilRelayed(second);
    await second.stop();
    await expectWhole();
    expect(await sent()).toBe(before);

    // The broker lost acknowledged messages: they are sent again.
    await dropLast(nats.url, 4);
    // It also forgot their ids: after a start it knows those of the messages that it has.
    await nats.crash();
    await nats.restart();
    const third = await relay();
    await untilRelayed(third);
    await pool.end();
    expect((await onBus()).map(({ event }) => event.id)).toEqual(await logged());
  });

  it('sends the same ids again when acknowledgements were cut off', async () => {
    const proxy = await startFaultProxy({ host: '127.0.0.1', port: nats.port });
    const url = new URL(nats.url);
    url.port = String(proxy.port);
    try {
      const one = await relay({ natsUrl: url.href, maxBatch: 5 });
      await untilRelayed(one);
      await proxy.set('cut-reply');
      await register(20);
      await vi.waitFor(() => expect(proxy.cuts()).toBeGreaterThan(1), PATIENCE);
      await proxy.set('pass');
      await untilRelayed(one);
      await expectWhole();
    } finally {
      await Promise.all(relays.splice(0).map((one) => one.stop()));
      await proxy.stop();
    }
  });

  it('lets one relay work at a time; the next takes over', async () => {
    const first = await relay();
    await untilRelayed(first);
    const second = await relay();
    await register(5);
    await untilRelayed(first);
    expect(second.health().ordinal).toBe(0);
    await first.stop();
    await register(5);
    await untilRelayed(second);
    await expectWhole();
  });

  it('relays an event that it cannot decode without its data, and says so', async () => {
    const client = EventStoreDBClient.connectionString(log.url);
    await client.appendToStream(
      `parcel-${randomUUID()}`,
      jsonEvent({ type: 'Parcel.Sent >', data: { to: 'Mirela Quandt' }, metadata: {} }),
    );
    await client.dispose();
    await register(1);
    const one = await relay();
    await untilRelayed(one);
    const messages = await expectWhole();
    const opaque = messages.filter(({ event }) => event.dataomitted !== undefined);
    expect(opaque).toMatchObject([
      { subject: 'pawprint.events.parcel.Parcel_Sent__', event: { dataomitted: 'undecodable' } },
    ]);
    expect(JSON.stringify(messages)).not.toContain('Quandt');
    const pool = createPool({ url: database.url, name: 'spec' });
    const { rows } = await pool.query('select type, cause from relay.opaque');
    await pool.end();
    expect(rows).toEqual([{ type: 'Parcel.Sent >', cause: expect.stringContaining('metadata') }]);
  });
});

/** How many events were sent by this process, known to the broker or not. */
async function sent(): Promise<number> {
  const metric = registry.getSingleMetric('pawprint_relay_events_total');
  const { values } = (await metric?.get()) ?? { values: [] };
  return values.reduce(
    (sum, { labels, value }) => sum + (labels['result'] === 'opaque' ? 0 : value),
    0,
  );
}

/** The node's own table: what order events have, asked past the code under test. */
const IDS_IN_LOG_ORDER = `
  select id::text from event_store.event where stream not like '$%' order by position`;

/** Deletes the last messages of the stream, as a broker that lost power would have. */
async function dropLast(url: string, count: number): Promise<void> {
  const connection = await connect(connectionOptions(url));
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(EVENTS_STREAM.name);
  for (let n = 0; n < count; n += 1) {
    await manager.streams.deleteMessage(EVENTS_STREAM.name, state.last_seq - n);
  }
  await connection.close();
}
