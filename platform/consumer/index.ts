import type { EventMetadata, StoredEvent } from '../../domain/_kernel/event.ts';
import type { EventStore, Feed, FeedItem, RawEvent } from '../event-store/index.ts';
import { type Host, machine, sleep } from '../host/index.ts';
import type { Logger } from '../log/index.ts';
import { gauge } from '../telemetry/index.ts';
import { timeLimits } from '../time-limits.ts';
import { createInterrupt } from './interrupt.ts';
import { createOutage } from './outage.ts';
import { pauseBefore } from './pace.ts';
import type {
  Batch,
  Checkpoint,
  Consumer,
  ConsumerDefinition,
  ConsumerHealth,
  ConsumerPhase,
  ConsumerSession,
  DeliveredEvent,
} from './types.ts';

export type * from './types.ts';

/** The checkpoint was made on another log: going on would mix two histories. */
export class ForeignCheckpointError extends Error {
  override readonly name = 'ForeignCheckpointError';
}

/** What `decode` made of an event, as consumers get it. */
export function deliveredEvent(
  raw: RawEvent,
  decoded: StoredEvent | Error,
  ordinal: number,
): DeliveredEvent {
  if (!(decoded instanceof Error)) return { ...decoded, ordinal, poison: null };
  // Raw data and metadata, so that whoever parks it can still name its key. Nobody has checked them.
  return { ...raw, metadata: raw.metadata as EventMetadata, ordinal, poison: decoded };
}

type Guard = <T>(work: Promise<T>) => Promise<T>;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = timeLimits.retryMs.consumer;

/**
 * The one consumer runtime: subscription, decoding, batching, checkpoints, health. Projections,
 * sagas and relays are configurations of it. Live and catch-up are the same code: a batch is what
 * arrived while the last one was applied. Every end (of the subscription, of the session) opens both
 * again from the saved checkpoint, with back-off.
 */
export function startConsumer(options: {
  eventStore: Pick<EventStore, 'decode' | 'feed' | 'idAt' | 'logId'>;
  definition: ConsumerDefinition;
  log: Logger;
  host?: Host;
}): Consumer {
  const { eventStore, definition, host = machine } = options;
  const log = options.log.child({ consumer: definition.name });
  const maxBatch = definition.maxBatch ?? 500;
  const maxCatchUpBatch = definition.maxCatchUpBatch ?? maxBatch;
  const outage = createOutage(log, definition.name, host.now);
  const stopping = createInterrupt();
  const waiters = new Set<{ readonly position: bigint; readonly resolve: () => void }>();

  let phase: ConsumerPhase = 'starting';
  let checkpoint: Checkpoint | null = null;
  let seen: bigint | null = null;
  let lagMs = 0;
  let trouble: string | null = null;

  const lag = gauge({
    name: 'pawprint_consumer_lag_seconds',
    help: 'Age of the newest event when it was applied',
    labels: ['consumer'],
  });
  const ordinals = gauge({
    name: 'pawprint_consumer_ordinal',
    help: 'Application events handled, counted from the start of the log',
    labels: ['consumer'],
  });

  const settleWaiters = (): void => {
    for (const waiter of waiters) {
      if (seen !== null && seen >= waiter.position) {
        waiters.delete(waiter);
        waiter.resolve();
      }
    }
  };

  /** What comes after a batch that may not be applied yet. */
  type Cut = { readonly items: readonly FeedItem[]; readonly batch: Batch };

  const deliver = async (
    items: readonly FeedItem[],
    before: Pick<Batch, 'checkpoint' | 'seen' | 'live'>,
    logId: string,
  ): Promise<Cut> => {
    const raws = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
    const decoded = await eventStore.decode(raws);
    let ordinal = before.checkpoint?.ordinal ?? 0;
    const events = decoded.map((result, index): DeliveredEvent => {
      const raw = raws[index];
      if (raw === undefined) throw new RangeError('more events were decoded than there are');
      ordinal += 1;
      return deliveredEvent(raw, result, ordinal);
    });
    const last = events.at(-1);
    const positions = items.flatMap((item) => {
      if (item.kind === 'event') return [item.event.position];
      return item.kind === 'checkpoint' ? [item.position] : [];
    });
    const batch = {
      events,
      seen: positions.reduce((most, position) => (position > most ? position : most), before.seen),
      checkpoint:
        last === undefined
          ? before.checkpoint
          : { logId, position: last.position, ordinal: last.ordinal, eventId: last.id },
      live: before.live || items.some(({ kind }) => kind === 'caught-up'),
    };
    return { items, batch };
  };

  const applied = ({ items, batch }: Cut): void => {
    checkpoint = batch.checkpoint;
    seen = batch.seen;
    if (batch.live) phase = 'live';
    const newest = items.findLast((item) => item.kind === 'event');
    lagMs = newest?.kind === 'event' ? Math.max(0, host.now() - newest.event.created.getTime()) : 0;
    trouble = null;
    outage.over();
    lag.set({ consumer: definition.name }, lagMs / 1000);
    ordinals.set({ consumer: definition.name }, checkpoint?.ordinal ?? 0);
    settleWaiters();
  };

  /**
   * A log that was moved to another server is the same log by its id, and its events have other
   * positions there: going on by a position of the old one would leave events out or repeat them.
   */
  const refuseMoved = async (saved: Checkpoint | null): Promise<void> => {
    if (saved === null) return;
    const { position, eventId } = saved;
    const found = await eventStore.idAt(position);
    if (found === eventId) return;
    throw new ForeignCheckpointError(
      `the checkpoint of ${definition.name} says that event ${eventId} stands at position ${position}, where this event store has ${found ?? 'none'}: the log was moved or restored`,
    );
  };

  const resumeFrom = async (session: ConsumerSession): Promise<string> => {
    const logId = await eventStore.logId();
    if (session.checkpoint !== null && session.checkpoint.logId !== logId) {
      throw new ForeignCheckpointError(
        `the checkpoint of ${definition.name} belongs to the log ${session.checkpoint.logId}, this one is ${logId}`,
      );
    }
    await refuseMoved(session.checkpoint);
    checkpoint = session.checkpoint;
    seen = checkpoint?.position ?? null;
    return logId;
  };

  /**
   * Takes, decodes and applies. While it catches up the next batch is taken and decoded as one is
   * applied: the database works then, and this process would wait. At the head the next one gathers
   * meanwhile.
   */
  const consume = async (
    feed: Feed,
    session: ConsumerSession,
    { logId, guard, lost }: { logId: string; guard: Guard; lost: { guard: Guard } },
  ): Promise<never> => {
    const next = async (before: Pick<Batch, 'checkpoint' | 'seen' | 'live'>): Promise<Cut> =>
      deliver(await feed.take(before.live ? maxBatch : maxCatchUpBatch), before, logId);
    let coming = next({ checkpoint, seen: seen ?? 0n, live: false });
    for (;;) {
      const cut = await guard(coming);
      const begunAt = host.elapsed();
      const ahead = cut.batch.live ? null : next(cut.batch);
      ahead?.catch(() => {
        // Told when it is its turn; what is being applied may fail before.
      });
      // A stop waits for the batch: it is one transaction and over soon.
      await lost.guard(session.apply(cut.batch));
      applied(cut);
      const { length: events } = cut.batch.events;
      const pause = cut.batch.live
        ? pauseBefore({ events, maxBatch, tookMs: host.elapsed() - begunAt })
        : 0;
      if (pause > 0) await guard(sleep(host, pause));
      coming = ahead ?? next(cut.batch);
    }
  };

  /** One session from its opening to whatever ends it; never returns normally. */
  const attempt = async (): Promise<never> => {
    phase = 'starting';
    const session = await definition.open();
    const lost = createInterrupt();
    session.lost.catch((reason: unknown) => {
      lost.interrupt(reason instanceof Error ? reason : new Error(String(reason)));
    });
    const guard = <T>(work: Promise<T>): Promise<T> => stopping.guard(lost.guard(work));
    let feed: Feed | undefined;
    try {
      const logId = await guard(resumeFrom(session));
      feed = eventStore.feed(checkpoint?.position ?? null);
      phase = 'catching-up';
      return await consume(feed, session, { logId, guard, lost });
    } finally {
      feed?.close();
      await session.close();
    }
  };

  const run = async (): Promise<void> => {
    let pause = FIRST_PAUSE_MS;
    while (stopping.reason() === undefined) {
      const startedAt = host.elapsed();
      const error = await attempt().catch((reason: unknown) => reason);
      if (stopping.reason() !== undefined) break;
      phase = 'waiting';
      trouble = error instanceof Error ? error.message : String(error);
      outage.failed(error, pause);
      if (host.elapsed() - startedAt > 10_000) pause = FIRST_PAUSE_MS;
      await stopping.guard(sleep(host, pause)).catch(() => {
        // Stopped while waiting: the loop's condition ends it.
      });
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
    phase = 'stopped';
  };

  const running = run();

  return {
    health: (): ConsumerHealth => ({
      name: definition.name,
      phase,
      handled: checkpoint?.position ?? null,
      seen,
      ordinal: checkpoint?.ordinal ?? 0,
      lagMs,
      trouble,
    }),
    reached: (position, signal) =>
      new Promise((resolve, reject) => {
        if (seen !== null && seen >= position) {
          resolve();
          return;
        }
        signal.throwIfAborted();
        const givenUp = (): void => {
          waiters.delete(waiter);
          reject(signal.reason);
        };
        const waiter = {
          position,
          resolve: (): void => {
            signal.removeEventListener('abort', givenUp);
            resolve();
          },
        };
        waiters.add(waiter);
        signal.addEventListener('abort', givenUp, { once: true });
      }),
    stop: async () => {
      stopping.interrupt(new Error(`${definition.name} was stopped`));
      await running;
    },
  };
}
