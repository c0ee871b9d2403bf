import { setTimeout as delay } from 'node:timers/promises';
import {
  type EventStoreDBClient,
  type EventType,
  type Position,
  type ResolvedEvent,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { until } from '../../../embedded/demo/client/wait.ts';
import type { AnySubscription } from '../../event-store/follow.ts';
import type { LogEvent, Seen } from './history.ts';
import type { NodeProcess } from './node-process.ts';
import { ofWriters } from './oracle.ts';

export type Subscriber = Seen & {
  readonly connections: number;
  /** Settles when it was handed this many events. */
  reached(count: number): Promise<void>;
  stop(): Promise<void>;
};

/** What is followed, and from which event on; undefined is the beginning. */
export type Target = Pick<Seen, 'subscriber' | 'wanted'> & {
  readonly open: (client: EventStoreDBClient, last: LogEvent | undefined) => AnySubscription;
};

const afterPosition = (last: LogEvent | undefined): Position | typeof START =>
  last === undefined ? START : { commit: BigInt(last.position), prepare: BigInt(last.position) };

export const followAll = (subscriber: string): Target => ({
  subscriber,
  wanted: ofWriters,
  open: (client, last) => client.subscribeToAll({ fromPosition: afterPosition(last) }),
});

export const followPrefix = (prefix: string): Target => ({
  subscriber: `$all, only ${prefix}`,
  wanted: (stream) => stream.startsWith(prefix),
  open: (client, last) =>
    client.subscribeToAll({
      fromPosition: afterPosition(last),
      filter: streamNameFilter({ prefixes: [prefix] }),
    }),
});

export const followStream = (stream: string): Target => ({
  subscriber: `stream ${stream}`,
  wanted: (name) => name === stream,
  open: (client, last) =>
    client.subscribeToStream(stream, {
      fromRevision: last === undefined ? START : BigInt(last.revision),
    }),
});

const RETRY_MS = 5;
const PATIENCE_MS = 60_000;

/** Follows for as long as the test lasts; a connection that ends is followed by the next one. */
export const startSubscriber = (
  node: Pick<NodeProcess, 'connections'>,
  { subscriber, wanted, open }: Target,
): Subscriber => {
  const events: LogEvent[] = [];
  let connections = 0;
  let stopping = false;
  let leave: (() => void) | undefined;

  const followOnce = async (client: EventStoreDBClient): Promise<void> => {
    const subscription = open(client, events.at(-1));
    connections += 1;
    const { promise: over, resolve: end } = Promise.withResolvers<unknown>();
    let current = true;
    leave = () => end(undefined);
    subscription.on('data', (resolved: ResolvedEvent<EventType>) => {
      const event = current ? eventOf(resolved) : undefined;
      if (event !== undefined && wanted(event.stream)) events.push(event);
    });
    for (const last of ['error', 'end', 'close']) subscription.on(last, end);
    await over;
    // What this one still had on its way comes again over the next one.
    current = false;
    // One that never came to be has nothing to leave; why, it has said as its error.
    await subscription.unsubscribe().catch(() => undefined);
  };
  const following = (async () => {
    while (!stopping) {
      const { subscribers } = await node.connections();
      if (!stopping) await followOnce(subscribers);
      await delay(RETRY_MS);
    }
  })();
  // Heard of by whoever stops it.
  following.catch(() => undefined);

  return {
    subscriber,
    wanted,
    events,
    get connections() {
      return connections;
    },
    async reached(count) {
      const length = async () => events.length;
      await until(`${subscriber} at ${count}`, length, (now) => now >= count, PATIENCE_MS);
    },
    async stop() {
      stopping = true;
      leave?.();
      await following;
    },
  };
};

const eventOf = ({ event, commitPosition }: ResolvedEvent<EventType>): LogEvent | undefined =>
  event && {
    ...{ position: Number(commitPosition ?? -1), stream: event.streamId },
    ...{ revision: Number(event.revision), id: event.id },
  };
