import { catalogue } from '../../../domain/_catalogue.ts';
import type { StoredEvent } from '../../../domain/_kernel/event.ts';
import {
  type AppendOutcome,
  askFor,
  createCodec,
  type EncodedEvent,
  type EventStore,
  EventStoreUnavailableError,
  type Feed,
  type FeedItem,
  OutcomeUnknownError,
  type RawEvent,
  untilKnown,
} from '../../../platform/event-store/index.ts';
import type { Host } from '../../../platform/host/index.ts';
import type { KeyStore } from '../../../platform/keys/index.ts';
import type { Network } from './faults.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/** The log, and every process's way to it. What is stored is durable: it outlives every crash. */
export type SimulatedStore = {
  /** The store as one life of a process sees it, through its own calls and subscriptions. */
  open(owner: Owner, host: Host): EventStore;
  readonly all: readonly RawEvent[];
  readonly codec: ReturnType<typeof createCodec>;
};

export function createStore(options: {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly keys: KeyStore;
  /** Told of every event once, in the order of the log, before anybody else hears of it. */
  readonly onStored: (event: StoredEvent, ordinal: number) => void;
}): SimulatedStore {
  const { scheduler, network, onStored } = options;
  const codec = createCodec(catalogue, options.keys);
  const all: RawEvent[] = [];
  const streams = new Map<string, RawEvent[]>();
  const waiting = new Set<() => void>();

  const write = async (stream: string, encoded: readonly EncodedEvent[]): Promise<void> => {
    const events = streams.get(stream) ?? [];
    streams.set(stream, events);
    const fresh = encoded.map(
      (event, index): RawEvent => ({
        ...structuredClone({ id: event.id, type: event.type, data: event.data }),
        metadata: structuredClone(event.metadata),
        stream,
        revision: events.length + index,
        position: BigInt(all.length + index + 1),
        created: new Date(scheduler.now()),
      }),
    );
    const first = all.length;
    events.push(...fresh);
    all.push(...fresh);
    for (const [index, event] of (await codec.decode(fresh)).entries()) {
      if (event instanceof Error) throw event;
      onStored(event, first + index + 1);
    }
    for (const wake of waiting) wake();
  };

  /** EventStoreDB's rule for an exact revision: a repeat is known by its ids at their revisions. */
  const append = async (
    stream: string,
    expected: number,
    events: readonly EncodedEvent[],
  ): Promise<AppendOutcome> => {
    const stored = streams.get(stream) ?? [];
    const last = stored.length - 1;
    if (expected === last) {
      await write(stream, events);
    } else if (!events.every(({ id }, index) => stored[expected + 1 + index]?.id === id)) {
      return { kind: 'conflict', actual: last };
    }
    const revision = expected + events.length;
    return {
      kind: 'appended',
      revision,
      position: streams.get(stream)?.[revision]?.position ?? null,
    };
  };

  const openFeed = (owner: Owner, from: bigint | null): Feed => {
    let next = Number(from ?? 0n);
    let caughtUp = false;
    let closed = false;
    const arrival = (): Promise<void> =>
      new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          scheduler.ready({ owner, label: 'events arrive', run: resolve });
        };
        if (!closed) waiting.add(wake);
      });
    return {
      take: async (max) => {
        for (;;) {
          const events = all.slice(next, next + max);
          next += events.length;
          const items: FeedItem[] = events.map((event) => ({ kind: 'event', event }));
          if (next === all.length && !caughtUp) {
            caughtUp = true;
            items.push({ kind: 'caught-up' });
          }
          if (items.length > 0) return items;
          await arrival();
        }
      },
      close: () => {
        closed = true;
      },
    };
  };

  const open = (owner: Owner, host: Host): EventStore => {
    const read = <T>(label: string, work: () => T): Promise<T> =>
      network.call({
        ...{ owner, label, work },
        lost: () => new EventStoreUnavailableError('simulated: the connection was cut'),
      });
    const readStreamRaw: EventStore['readStreamRaw'] = (stream, { from = 0, max } = {}) =>
      read(`read ${stream}`, () =>
        (streams.get(stream) ?? []).slice(from, max === undefined ? undefined : from + max),
      );
    return {
      append: async (stream, expected, events, { deadline }) => {
        const encoded: EncodedEvent[] = [];
        for (const event of events) encoded.push(await codec.encode(stream, event));
        const types = encoded.map(({ type }) => type).join(', ');
        return untilKnown({
          ...{ deadline, host },
          ask: () =>
            askFor(
              { stream, expectedRevision: expected, events: encoded, deadline },
              readStreamRaw,
            ),
          attempt: () =>
            network.call({
              owner,
              label: `append ${stream} @${expected}: ${types}`,
              work: () => append(stream, expected, encoded),
              lost: () => new OutcomeUnknownError('simulated: the connection was cut'),
            }),
        });
      },
      readStreamRaw,
      readStream: async (stream, options) =>
        (await codec.decode(await readStreamRaw(stream, options))).map((event) => {
          if (event instanceof Error) throw event;
          return event;
        }),
      decode: codec.decode,
      feed: (from) => openFeed(owner, from),
      logId: async () => LOG_ID,
      idAt: async (position) => all[Number(position) - 1]?.id ?? null,
      head: async () => BigInt(all.length),
      ready: async () => undefined,
      dispose: async () => undefined,
    };
  };
  return { open, all, codec };
}

const LOG_ID = 'ins_00000000000000000000000001';
