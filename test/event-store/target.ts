/**
 * What the contract runs against: our node on a fresh database, or with EVENTSTORE_CONTRACT_URL a
 * server that is running already (a real EventStoreDB 24.6 on an insecure port). The specs
 * therefore use the official client alone and streams that nobody else uses.
 */
import { randomUUID } from 'node:crypto';
import {
  type AllStreamSubscription,
  EventStoreDBClient,
  type EventType,
  type JSONEventData,
  type JSONEventType,
  jsonEvent,
  type ResolvedEvent,
  type StreamSubscription,
} from '@eventstore/db-client';
import { onTestFinished } from 'vitest';
import { startEventStoreNode } from '../../embedded/event-store/index.ts';
import { createTestDatabase } from '../support/database.ts';

export type Target = {
  readonly url: string;
  readonly client: EventStoreDBClient;
  close(): Promise<void>;
};

export const openTarget = async (): Promise<Target> => {
  const given = process.env['EVENTSTORE_CONTRACT_URL'];
  if (given !== undefined) {
    const client = EventStoreDBClient.connectionString(given);
    return { url: given, client, close: () => client.dispose() };
  }
  const database = await createTestDatabase();
  const node = await startEventStoreNode({ databaseUrl: database.url });
  const client = EventStoreDBClient.connectionString(node.url);
  return {
    url: node.url,
    client,
    async close() {
      // Not awaited: it never settles when a read was left half way (the client waits for the end
      // of a stream nobody reads). The node ends whatever is still open.
      void client.dispose();
      await node.stop();
      await database.drop();
    },
  };
};

export type Happened = JSONEventType<'happened', { n: number }>;

export const newStream = (category = 'contract'): string => `${category}-${randomUUID()}`;
export const happened = (n = 0, id: string = randomUUID()): JSONEventData<Happened> =>
  jsonEvent<Happened>({ id, type: 'happened', data: { n } });
export const several = (count: number, from = 0): JSONEventData<Happened>[] =>
  Array.from({ length: count }, (_, index) => happened(from + index));

type Reading = AsyncIterable<ResolvedEvent<EventType>>;

export const read = async (reading: Reading): Promise<ResolvedEvent<EventType>[]> => {
  const events: ResolvedEvent<EventType>[] = [];
  for await (const event of reading) events.push(event);
  return events;
};

export const revisions = (events: readonly ResolvedEvent<EventType>[]): (bigint | undefined)[] =>
  events.map((event) => event.event?.revision);

/** How a call fails, as the client names it. */
export const failure = async (call: Promise<unknown>): Promise<Record<string, unknown>> => {
  try {
    await call;
  } catch (error) {
    if (typeof error === 'object' && error !== null) return { ...error };
    throw error;
  }
  throw new Error('the call should have failed');
};

type AnySubscription = AllStreamSubscription | StreamSubscription;

export type Followed = {
  readonly events: ResolvedEvent<EventType>[];
  readonly errors: unknown[];
  readonly caughtUp: () => number;
  /** Settles when the condition holds; fails the test when the subscription fails first. */
  until(condition: (followed: Followed) => boolean): Promise<void>;
};

/** Collects what a subscription says, and ends it with the test. */
export const follow = (subscription: AnySubscription): Followed => {
  const events: ResolvedEvent<EventType>[] = [];
  const errors: unknown[] = [];
  const waiting = new Set<() => void>();
  let caughtUp = 0;
  const look = (): void => {
    for (const one of [...waiting]) one();
  };
  subscription.on('data', (event: ResolvedEvent<EventType>) => {
    events.push(event);
    look();
  });
  subscription.on('caughtUp', () => {
    caughtUp += 1;
    look();
  });
  subscription.on('error', (error: unknown) => {
    errors.push(error);
    look();
  });
  onTestFinished(() => subscription.unsubscribe());
  const followed: Followed = {
    events,
    errors,
    caughtUp: () => caughtUp,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (condition(followed)) resolve();
          else if (errors.length > 0) reject(errors[0]);
          else return;
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
  };
  return followed;
};
