import { randomUUID } from 'node:crypto';
import {
  EventStoreDBClient,
  type EventType,
  jsonEvent,
  type ResolvedEvent,
} from '@eventstore/db-client';
import pg from 'pg';

export const happened = (n = 0) => jsonEvent({ id: randomUUID(), type: 'happened', data: { n } });
export const newStream = (category = 'node'): string => `${category}-${randomUUID()}`;

export const connectTo = (url: string): EventStoreDBClient =>
  EventStoreDBClient.connectionString(url);

export const read = async (
  reading: AsyncIterable<ResolvedEvent<EventType>>,
): Promise<ResolvedEvent<EventType>[]> => {
  const events: ResolvedEvent<EventType>[] = [];
  for await (const event of reading) events.push(event);
  return events;
};

export const numbers = (events: readonly ResolvedEvent<EventType>[]): unknown[] =>
  events.map((one) => {
    const data = one.event?.data;
    return typeof data === 'object' && data !== null && 'n' in data ? data.n : undefined;
  });

/** A look at the database behind the node's back. */
export const query = async <R extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
): Promise<R[]> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
};

/** Holds up every commit until the returned function is called. */
export const holdCommits = async (databaseUrl: string): Promise<() => Promise<void>> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('begin; lock table event_store.event in exclusive mode');
  return async () => {
    await client.query('commit');
    await client.end();
  };
};

export const terminateWriters = (databaseUrl: string) =>
  query(
    databaseUrl,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name like 'event-store writer%'`,
  );
