import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { deriveId, eventIdOf } from '../../domain/_kernel/ids.ts';
import { startFaultProxy } from '../../test/support/fault-proxy/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { openEventStore } from '../event-store/index.ts';
import {
  type Batch,
  type Checkpoint,
  type Consumer,
  type DeliveredEvent,
  startConsumer,
} from './index.ts';

let log: LogOfRecord;
beforeAll(async () => {
  log = await startLogOfRecord();
});
afterAll(() => log.stop());

const contact = { purpose: 'contact' } as const;
const now = '2026-05-01T08:00:00.000Z';

async function register(seed: string): Promise<string> {
  const memberId = deriveId('mem', seed);
  const commandId = randomUUID();
  const outcome = await log.eventStore.append(
    `member-${memberId}`,
    -1,
    [
      {
        id: eventIdOf(commandId, 'member', 0),
        type: 'MemberRegistered',
        data: {
          memberId,
          email: `${seed}@example.com`,
          name: `Name ${seed}`,
          emailReservation: 'email.x',
        },
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
      },
    ],
    { deadline: Date.now() + 5000 },
  );
  if (outcome.kind !== 'appended') throw new Error('conflict');
  return memberId;
}

/** A consumer that keeps what it applied, with its checkpoint, as a database would. */
function recorder() {
  const applied: DeliveredEvent[] = [];
  const sizes: number[] = [];
  let checkpoint: Checkpoint | null = null;
  let failNext = false;
  let lose: (reason: Error) => void = () => undefined;
  let opened = 0;
  const waiting = new Set<() => void>();
  return {
    applied,
    sizes,
    opened: () => opened,
    failOnce: () => {
      failNext = true;
    },
    loseSession: (reason: Error) => lose(reason),
    setCheckpoint: (value: Checkpoint) => {
      checkpoint = value;
    },
    until: async (condition: () => boolean): Promise<void> => {
      while (!condition()) {
        await new Promise<void>((resolve) => {
          waiting.add(resolve);
        });
      }
    },
    open: async () => {
      opened += 1;
      const lost = new Promise<never>((_resolve, reject) => {
        lose = reject;
      });
      return {
        checkpoint,
        lost,
        apply: async (batch: Batch) => {
          if (failNext) {
            failNext = false;
            throw new Error('the database said no');
          }
          applied.push(...batch.events);
          sizes.push(batch.events.length);
          checkpoint = batch.checkpoint;
          for (const wake of waiting) wake();
          waiting.clear();
        },
        close: async () => undefined,
      };
    },
  };
}

async function consuming<T>(
  target: ReturnType<typeof recorder>,
  work: (consumer: Consumer) => Promise<T>,
  maxBatch = 500,
  eventStore = log.eventStore,
): Promise<T> {
  const consumer = startConsumer({
    eventStore,
    definition: { name: `spec-${randomUUID()}`, open: target.open, maxBatch },
    log: log.log,
  });
  try {
    return await work(consumer);
  } finally {
    await consumer.stop();
  }
}

const has = (target: ReturnType<typeof recorder>, memberId: string) => () =>
  target.applied.some((event) => event.stream === `member-${memberId}`);

describe('the consumer', () => {
  it('delivers every event once and in order, with dense ordinals, from catch-up into live', async () => {
    for (const seed of ['a1', 'a2', 'a3']) await register(seed);
    const target = recorder();
    await consuming(
      target,
      async (consumer) => {
        await target.until(has(target, deriveId('mem', 'a3')));
        const live = await register('a4');
        await target.until(has(target, live));
        expect(consumer.health()).toMatchObject({ phase: 'live', trouble: null });
      },
      2,
    );
    expect(target.applied.map((event) => event.ordinal)).toEqual(
      target.applied.map((_event, index) => index + 1),
    );
    expect(target.applied[0]?.type).toBe('InstallationRegistered');
    expect(new Set(target.applied.map((event) => event.id)).size).toBe(target.applied.length);
    expect(Math.max(...target.sizes)).toBeLessThanOrEqual(2);
    expect(target.applied.find((event) => event.type === 'MemberRegistered')?.data).toMatchObject({
      name: 'Name a1',
    });
  });

  it('resumes from the checkpoint after a failed batch and after a lost session, with nothing twice', async () => {
    const target = recorder();
    await consuming(target, async () => {
      await target.until(has(target, await register('b0')));
      target.failOnce();
      const first = await register('b1');
      await expect.poll(has(target, first), { timeout: 10_000 }).toBe(true);
      target.loseSession(new Error('the lock is gone'));
      const second = await register('b2');
      await target.until(has(target, second));
      expect(target.opened()).toBe(3);
    });
    expect(target.applied.map((event) => event.ordinal)).toEqual(
      target.applied.map((_event, index) => index + 1),
    );
  });

  it('opens another subscription when it was dropped, with nothing lost and nothing twice', async () => {
    const { hostname: host, port } = new URL(log.url);
    const proxy = await startFaultProxy({ host, port: Number(port) });
    const behind = openEventStore({
      ...{ url: `esdb://127.0.0.1:${proxy.port}?tls=false`, catalogue, keys: log.keys },
      log: log.log,
    });
    const target = recorder();
    try {
      await consuming(
        target,
        async (consumer) => {
          await expect.poll(() => consumer.health().phase, { timeout: 10_000 }).toBe('live');
          await proxy.set('refuse');
          const meanwhile = await register('dropped');
          await expect.poll(() => consumer.health().trouble, { timeout: 10_000 }).not.toBeNull();
          await proxy.set('pass');
          await expect.poll(has(target, meanwhile), { timeout: 15_000 }).toBe(true);
        },
        500,
        behind,
      );
    } finally {
      await behind.dispose();
      await proxy.stop();
    }
    expect(target.applied.map((event) => event.ordinal)).toEqual(
      target.applied.map((_event, index) => index + 1),
    );
  });

  it('tells when a position was applied, also one that matters to nobody', async () => {
    const target = recorder();
    await consuming(target, async (consumer) => {
      const client = EventStoreDBClient.connectionString(log.url);
      const { position } = await client.appendToStream(
        '$noise-1',
        jsonEvent({ type: '$noise', data: {} }),
      );
      for (let index = 0; index < 70; index += 1) {
        await client.appendToStream('$noise-1', jsonEvent({ type: '$noise', data: {} }));
      }
      await consumer.reached(position?.commit ?? 0n, AbortSignal.timeout(10_000));
      expect(target.applied.some((event) => event.type.startsWith('$'))).toBe(false);
      await expect(consumer.reached(2n ** 60n, AbortSignal.timeout(20))).rejects.toThrow();
      await expect(consumer.reached(2n ** 60n, AbortSignal.abort())).rejects.toThrow(/abort/);
      await client.dispose();
    });
  });

  it('delivers what it cannot decode as poison, with its raw data, and goes on', async () => {
    const client = EventStoreDBClient.connectionString(log.url);
    const commandId = randomUUID();
    const metadata = {
      commandId,
      inputHash: '',
      $correlationId: commandId,
      $causationId: commandId,
      actor: { kind: 'system', id: 'spec' },
      occurredAt: now,
      recordedAt: now,
      schemaVersion: 1,
    };
    await client.appendToStream('mystery-1', [
      jsonEvent({ type: 'FromTheFuture', data: { a: 1 }, metadata }),
      jsonEvent({ type: 'ActivityPublished', data: { activityId: 'nonsense' }, metadata }),
      jsonEvent({
        type: 'ActivityPublished',
        data: { activityId: deriveId('act', 'x') },
        metadata: { ...metadata, schemaVersion: 99 },
      }),
    ]);
    await client.dispose();
    const after = await register('c1');
    const target = recorder();
    await consuming(target, () => target.until(has(target, after)));
    const poison = target.applied.filter((event) => event.poison !== null);
    expect(poison.map((event) => [event.type, event.poison?.name])).toEqual([
      ['FromTheFuture', 'UnknownEventError'],
      ['ActivityPublished', 'UndecodableEventError'],
      ['ActivityPublished', 'UnknownEventError'],
    ]);
    expect(poison[0]?.data).toEqual({ a: 1 });
  });

  it('refuses a checkpoint of another log', async () => {
    const target = recorder();
    target.setCheckpoint({ logId: 'ins_other', position: 1n, ordinal: 1, eventId: randomUUID() });
    await consuming(target, async (consumer) => {
      await expect
        .poll(() => consumer.health().trouble ?? '')
        .toContain('belongs to the log ins_other');
    });
    expect(target.applied).toEqual([]);
  });

  it('refuses a checkpoint whose event stands elsewhere: the log was moved to another server', async () => {
    const [first] = await log.eventStore.readStreamRaw('installation-main', { max: 1 });
    const eventId = first?.id ?? '';
    const logId = await log.eventStore.logId();
    // Another event there, and beyond the end of the log.
    for (const position of [1n, (await log.eventStore.head()) + 1_000n]) {
      const target = recorder();
      target.setCheckpoint({ logId, position, ordinal: 1, eventId });
      await consuming(target, async (consumer) => {
        await expect
          .poll(() => consumer.health().trouble ?? '')
          .toContain('the log was moved or restored');
      });
      expect(target.applied).toEqual([]);
    }
  });

  it('opens personal values, and reads them as null once the person is erased', async () => {
    const erased = await register('d1');
    await log.keys.keyFor({ subject: erased, ...contact });
    await log.keys.erase(erased);
    const target = recorder();
    await consuming(target, () => target.until(has(target, erased)));
    const data = (id: string) =>
      target.applied.find((event) => event.stream === `member-${id}`)?.data;
    expect(data(erased)).toMatchObject({ name: null, email: null });
    expect(data(deriveId('mem', 'a1'))).toMatchObject({ name: 'Name a1', email: 'a1@example.com' });
  });
});
