import type { Catalogue } from '../../domain/_kernel/catalogue.ts';
import {
  type Consumer,
  type ConsumerHealth,
  type ConsumerSession,
  type DeliveredEvent,
  startConsumer,
} from '../../platform/consumer/index.ts';
import { crossing } from '../../platform/crash-points/index.ts';
import type { OpenedEventStore } from '../../platform/event-store/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { openNats } from '../../platform/nats/index.ts';
import {
  type OrderedStream,
  type OutgoingMessage,
  openOrderedStream,
  type StreamSettings,
} from '../../platform/nats/ordered-stream.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { openLockSession } from '../../platform/postgres/lock-session.ts';
import { counter } from '../../platform/telemetry/index.ts';
import {
  type Opaque,
  RELAY_CONSUMER,
  RELAY_LOCK,
  readCheckpoint,
  saveCheckpoint,
} from './checkpoint.ts';
import { cloudEventOf, relayedFrom, SUBJECT_ROOT, subjectOf, withoutData } from './envelope.ts';

import { resumeAt } from './resume.ts';
import { migrateRelay } from './schema.ts';

export const EVENTS_STREAM: StreamSettings = {
  name: 'PAWPRINT_EVENTS',
  description: 'Every event of the platform as a CloudEvent, in log order, without personal data',
  subjects: [`${SUBJECT_ROOT}.>`],
  maxAgeDays: 30,
  maxBytes: 1024 * 1024 * 1024,
  duplicateWindowSeconds: 600,
};

export type NatsRelay = {
  readonly consumer: Consumer;
  health(): ConsumerHealth;
  stop(): Promise<void>;
};

/** A batch that waits for a broker that is gone is given up after this; it is sent again later. */
const STOP_MS = 1500;

/**
 * Relays every application event to JetStream, in log order, at least once and within the duplicate
 * window exactly once. NATS or Postgres down: it waits, and nothing is lost. One process at a time
 * does the work; others stand by. Resolves once its tables are there.
 */
export async function startNatsRelay(options: {
  natsUrl: string;
  /** Whoever opened it ends it. */
  eventStore: Pick<OpenedEventStore, 'withoutKeys'>;
  /** Of the database with schema `relay`. */
  databaseUrl: string;
  catalogue: Catalogue;
  log: Logger;
  /** For tests. */
  maxBatch?: number;
}): Promise<NatsRelay> {
  const { natsUrl, databaseUrl, catalogue, log } = options;
  const pool = createPool({ url: databaseUrl, name: 'relay', max: 1, log });
  await migrateRelay(pool).finally(() => pool.end());

  const eventStore = options.eventStore.withoutKeys();
  const nats = openNats({ url: natsUrl, name: RELAY_CONSUMER, log });
  /** No new session any more; and, later, no patience with the one that is open. */
  const stopping = new AbortController();
  const abandoning = new AbortController();
  const relayed = counter({
    name: 'pawprint_relay_events_total',
    help: 'Events relayed to NATS: stored, known to it already, or sent without their data',
    labels: ['result'],
  });

  const messageOf = (
    event: DeliveredEvent,
    logId: string,
    stream: OrderedStream,
  ): { message: OutgoingMessage; opaque: Opaque[] } => {
    let envelope = cloudEventOf(event, catalogue, logId);
    let body = Buffer.from(JSON.stringify(envelope), 'utf8');
    let cause = event.poison?.message ?? null;
    if (body.length > stream.maxBodyBytes) {
      cause = `${body.length} bytes are more than the broker takes`;
      envelope = withoutData(envelope);
      body = Buffer.from(JSON.stringify(envelope), 'utf8');
    }
    const { id, ordinal, stream: name, type } = event;
    const { traceparent } = envelope;
    return {
      message: {
        subject: subjectOf(event),
        id,
        body,
        headers: {
          'Content-Type': 'application/cloudevents+json; charset=utf-8',
          ...(traceparent === undefined ? {} : { traceparent }),
        },
      },
      opaque: cause === null ? [] : [{ ordinal, eventId: id, stream: name, type, cause }],
    };
  };

  const report = (opaque: readonly Opaque[]): void => {
    for (const { cause, ...event } of opaque) {
      log.error({ ...event, cause }, 'an event was relayed without its data');
    }
    relayed.inc({ result: 'opaque' }, opaque.length);
  };

  const open = async (): Promise<ConsumerSession> => {
    stopping.signal.throwIfAborted();
    const lock = await openLockSession({
      url: databaseUrl,
      name: RELAY_CONSUMER,
      locks: [RELAY_LOCK],
      stopping: stopping.signal,
    });
    try {
      const { connection, lost } = await nats.session();
      const stream = await openOrderedStream(connection, EVENTS_STREAM);
      const logId = await eventStore.logId();
      const end = stream.last === null ? null : relayedFrom(stream.last.body);
      const saved = await readCheckpoint(lock.client);
      const checkpoint = await resumeAt(eventStore, logId, saved, end);
      if (checkpoint !== saved) {
        log.warn(
          { saved: saved?.ordinal ?? 0, stream: checkpoint?.ordinal ?? 0 },
          'the stream does not end where the relay stood; it goes on behind the end of the stream',
        );
      }
      const abandoned = Promise.withResolvers<never>();
      const abandon = (): void => abandoned.reject(new Error('the relay was stopped'));
      abandoning.signal.addEventListener('abort', abandon, { once: true });
      return {
        checkpoint,
        lost: Promise.race([lock.lost, lost, abandoned.promise]),
        apply: async ({ events, checkpoint: next }) => {
          if (events.length === 0 || next === null) return;
          const outgoing = events.map((event) => messageOf(event, logId, stream));
          const opaque = outgoing.flatMap((one) => one.opaque);
          const messages = outgoing.map((one) => one.message);
          const { stored, duplicates } = await crossing('nats.publish', () =>
            stream.publish(messages),
          );
          await lock.exclusive(() =>
            crossing('nats.save-checkpoint', () => saveCheckpoint(lock.client, next, opaque)),
          );
          relayed.inc({ result: 'stored' }, stored);
          relayed.inc({ result: 'duplicate' }, duplicates);
          report(opaque);
        },
        close: () => {
          abandoning.signal.removeEventListener('abort', abandon);
          return lock.close();
        },
      };
    } catch (error) {
      await lock.close();
      throw error;
    }
  };

  const consumer = startConsumer({
    eventStore,
    definition: { name: RELAY_CONSUMER, open, maxBatch: options.maxBatch ?? 500 },
    log,
  });

  return {
    consumer,
    health: () => consumer.health(),
    stop: async () => {
      stopping.abort();
      const patience = setTimeout(() => {
        abandoning.abort();
        // Ends what waits for an answer of the broker.
        void nats.close();
      }, STOP_MS);
      await consumer.stop();
      clearTimeout(patience);
      await nats.close();
    },
  };
}
