import { hostname } from 'node:os';
import {
  type Consumer,
  type ConsumerHealth,
  startConsumer,
} from '../../platform/consumer/index.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { listen } from '../../platform/postgres/listen.ts';
import { gauge } from '../../platform/telemetry/index.ts';
import { answerRequests } from './answer-requests.ts';
import { watchClock } from './clock.ts';
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
  leaseMs: 6000,
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

/**
 * Runs the sagas in this process: reacts to events (one process at a time does), fires timers,
 * sends commands and does side effects. Resolves once the tables are there.
 */
export async function startSagas(options: {
  eventStore: EventStore;
  bus: SagaBus;
  /** Of the database with schema `saga`. */
  url: string;
  definitions: readonly SagaDefinition[];
  effects: Readonly<Record<string, SideEffectHandler>>;
  log: Logger;
  /** Epoch milliseconds, for timers: the clock that decisions go by. Leases and pauses go by the database's. */
  clock?: () => number;
  tuning?: Partial<SagaTuning>;
}): Promise<Sagas> {
  const { eventStore, bus, url, definitions, effects, log, clock = Date.now } = options;
  const tuning = { ...TUNING, ...options.tuning };
  const pool = createPool({ url, name: 'sagas workers', max: 12, log });
  try {
    await migrateSagas(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }

  const sagas = new Map(definitions.map((saga) => [saga.name, saga]));
  if (sagas.size !== definitions.length) throw new TypeError('two sagas have the same name');
  const worker = `${hostname()}:${process.pid}`;
  const onTaken = (workers: readonly Worker[]): void => {
    for (const name of workers) loops[name].wake();
  };
  const common = { pool, sagas, leaseMs: tuning.leaseMs, maxAttempts: tuning.maxAttempts, worker };
  const commands = startOutboxWorker({
    ...common,
    kind: 'command',
    names: null,
    concurrency: tuning.commandConcurrency,
    perform: (row) => performCommand(bus, row),
    onTaken,
    log,
  });
  const sideEffects = startOutboxWorker({
    ...common,
    kind: 'side-effect',
    names: Object.keys(effects),
    concurrency: tuning.effectConcurrency,
    perform: (row, signal) => performSideEffect(bus, effects, row, signal),
    onTaken,
    log,
  });
  const timers = startTimers({ pool, sagas, now: clock, onTaken, log });
  const requests = answerRequests({ pool, eventStore, sagas, onTaken, log });
  const loops = { command: commands, 'side-effect': sideEffects, timers, requests };
  const clocks = watchClock({
    ...{ pool, leaseMs: tuning.leaseMs, log },
    onMended: () => onTaken(allWorkers),
  });
  const listener = listen({
    ...{ url, channel: WAKE_CHANNEL, log },
    heard: (payload) => onTaken(workersNamed(payload)),
    connected: () => onTaken(allWorkers),
  });
  const session = sagaConsumer({
    url,
    definitions,
    log,
    onTaken: ({ workers }) => onTaken(workers),
  });
  const consumer = startConsumer({ eventStore, definition: session.definition, log });

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
  const measuring = setInterval(() => void measure(), STATS_MS);
  const tidying = keepSagasTidy(pool, log);
  measuring.unref();

  return {
    consumer,
    inspect,
    health: async () => ({
      leads: session.leads(),
      consumer: consumer.health(),
      stats: await measure(),
    }),
    stop: async () => {
      clearInterval(measuring);
      session.stop();
      // First no new work, then what runs.
      await Promise.all([
        ...[consumer.stop(), timers.stop(), requests.stop()],
        ...[listener.stop(), tidying.stop(), clocks.stop()],
      ]);
      await Promise.all([commands.stop(), sideEffects.stop()]);
      await pool.end();
    },
  };
}
