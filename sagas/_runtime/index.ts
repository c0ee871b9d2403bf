import { hostname } from 'node:os';
import type { StoredEvent } from '../../domain/_kernel/event.ts';
import {
  type Consumer,
  type ConsumerHealth,
  startConsumer,
} from '../../platform/consumer/index.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import { type Host, machine } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { type ConnectedDatabase, connectDatabase } from '../../platform/postgres/connected.ts';
import { gauge } from '../../platform/telemetry/index.ts';
import { timeLimits } from '../../platform/time-limits.ts';
import { answerRequests } from './answer-requests.ts';
import { mendFuture, watchClock } from './clock.ts';
import type { SagaDefinition, SideEffectHandler } from './definition.ts';
import { inspectSagas, type SagaInspector, type SagaStats } from './inspect.ts';
import { startOutboxWorker } from './outbox.ts';
import { performCommand, performSideEffect, type SagaBus } from './perform.ts';
import { migrateSagas, WAKE_CHANNEL } from './schema.ts';
import { sagaConsumer } from './session.ts';
import { keepSagasTidy } from './tidy.ts';
import { startTimers } from './timers.ts';
import { allWorkers, type Worker, workersNamed } from './workers.ts';

export * from './definition.ts';
export type { SagaInspector, SagaInstance, SagaStats } from './inspect.ts';
export type { SagaBus } from './perform.ts';
export { SAGAS_CONSUMER } from './session.ts';

export type SagaTuning = {
  readonly commandConcurrency: number;
  readonly effectConcurrency: number;
  /** A worker that was killed loses its rows after this. */
  readonly leaseMs: number;
  /** Attempts at something that fails for no known reason; outages are not counted. */
  readonly maxAttempts: number;
};

const TUNING: SagaTuning = {
  commandConcurrency: 32,
  effectConcurrency: 8,
  leaseMs: timeLimits.leaseMs,
  maxAttempts: 12,
};

export type SagaHealth = {
  /** This process reacts to events; others stand by. Outbox and timers are worked on by all. */
  readonly leads: boolean;
  readonly consumer: ConsumerHealth;
  /** Null: Postgres could not be asked. */
  readonly stats: SagaStats | null;
};

export type Sagas = {
  readonly consumer: Consumer;
  readonly inspect: SagaInspector;
  health(): Promise<SagaHealth>;
  stop(): Promise<void>;
};

const STATS_MS = 5000;

type SagasOptions = {
  eventStore: EventStore;
  bus: SagaBus;
  /** Told of what arrives at the head of the log, in its order. */
  onHeard?: (events: readonly StoredEvent[]) => void;
  definitions: readonly SagaDefinition[];
  effects: Readonly<Record<string, SideEffectHandler>>;
  log: Logger;
  /** Timers go by its wall clock, as decisions do. Leases and pauses go by the database's. */
  host?: Host;
  tuning?: Partial<SagaTuning>;
};

/**
 * Runs the sagas in this process: reacts to events (one process at a time does), fires timers,
 * sends commands and does side effects. Resolves once the tables are there. `url` is that of the
 * database with schema `saga`.
 */
export async function startSagas(options: SagasOptions & { url: string }): Promise<Sagas> {
  const { url, ...rest } = options;
  const { log } = rest;
  const database = connectDatabase({ url, name: 'sagas workers', max: 12, log });
  try {
    await migrateSagas(database.pool);
  } catch (error) {
    await database.end();
    throw error;
  }
  return runSagas({ ...rest, database });
}

/** The same on a database whose tables are there; `stop` ends it. */
export function runSagas(options: SagasOptions & { database: ConnectedDatabase }): Sagas {
  const { eventStore, bus, database, definitions, effects, log, host = machine } = options;
  const { pool } = database;
  const tuning = { ...TUNING, ...options.tuning };
  const sagas = new Map(definitions.map((saga) => [saga.name, saga]));
  if (sagas.size !== definitions.length) throw new TypeError('two sagas have the same name');
  const worker = `${hostname()}:${process.pid}`;
  const onTaken = (workers: readonly Worker[]): void => {
    for (const name of workers) loops[name].wake();
  };
  const { leaseMs, maxAttempts } = tuning;
  const common = { ...{ pool, sagas, leaseMs, maxAttempts, worker }, host };
  const commands = startOutboxWorker({
    ...common,
    kind: 'command',
    names: null,
    concurrency: tuning.commandConcurrency,
    perform: (row) => performCommand({ bus, host }, row),
    onTaken,
    log,
  });
  const sideEffects = startOutboxWorker({
    ...common,
    kind: 'side-effect',
    names: Object.keys(effects),
    concurrency: tuning.effectConcurrency,
    perform: (row, signal) => performSideEffect({ bus, host }, effects, row, signal),
    onTaken,
    log,
  });
  const timers = startTimers({ pool, sagas, now: host.now, onTaken, log, host });
  const requests = answerRequests({ pool, eventStore, sagas, onTaken, log, host });
  const loops = { command: commands, 'side-effect': sideEffects, timers, requests };
  const clocks = watchClock({
    ...{ log, host, mend: () => mendFuture(pool, leaseMs) },
    onMended: () => onTaken(allWorkers),
  });
  const listener = database.listen({
    channel: WAKE_CHANNEL,
    heard: (payload) => onTaken(workersNamed(payload)),
    connected: () => onTaken(allWorkers),
  });
  const session = sagaConsumer({
    ...{ database, definitions, log, host },
    ...(options.onHeard === undefined ? {} : { onHeard: options.onHeard }),
    onTaken: ({ workers }) => onTaken(workers),
  });
  const consumer = startConsumer({ eventStore, definition: session.definition, log, host });

  const inspect = inspectSagas(pool);
  const depth = gauge({
    name: 'pawprint_saga_outbox_rows',
    help: 'Outbox rows of sagas by what they wait for',
    labels: ['state'],
  });
  const oldest = gauge({
    name: 'pawprint_saga_outbox_oldest_seconds',
    help: 'Age of the oldest outbox row that waits',
  });
  const standing = gauge({
    name: 'pawprint_saga_instances_parked',
    help: 'Instances that could not take an input',
  });
  const measure = async (): Promise<SagaStats | null> => {
    try {
      const stats = await inspect.stats();
      depth.set({ state: 'command' }, stats.waiting.commands);
      depth.set({ state: 'side-effect' }, stats.waiting.sideEffects);
      depth.set({ state: 'dead' }, stats.dead);
      oldest.set(stats.oldestSeconds);
      standing.set(stats.parked);
      return stats;
    } catch (error) {
      log.warn({ err: error }, 'the saga tables could not be asked for their figures');
      return null;
    }
  };
  const endMeasuring = host.every(STATS_MS, () => void measure());
  const tidying = keepSagasTidy(pool, log, host);

  return {
    consumer,
    inspect,
    health: async () => ({
      leads: session.leads(),
      consumer: consumer.health(),
      stats: await measure(),
    }),
    stop: async () => {
      endMeasuring();
      session.stop();
      // First no new work, then what runs.
      await Promise.all([
        ...[consumer.stop(), timers.stop(), requests.stop()],
        ...[listener.stop(), tidying.stop(), clocks.stop()],
      ]);
      await Promise.all([commands.stop(), sideEffects.stop()]);
      await database.end();
    },
  };
}
