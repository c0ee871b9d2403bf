import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import { connect } from 'nats';
import pg from 'pg';
import { z } from 'zod';
import { until } from '../../../embedded/demo/client/wait.ts';
import { type CrashPoint, crashPoints } from '../../../platform/crash-points/table.ts';
import { connectionOptions } from '../../../platform/nats/index.ts';

const about = z.looseObject({ enrollmentId: z.string().optional() });

const typesOfTheFlow = new Set(
  (Object.keys(crashPoints) as CrashPoint[])
    .filter((point) => point.startsWith('append.'))
    .map((point) => point.slice('append.'.length)),
);

export type LogCensus = {
  /** Ids of all application events, in order. */
  readonly ids: readonly string[];
  /** How many of each type of the flow. */
  readonly counts: Readonly<Record<string, number>>;
  /** Types of the flow that say the same of one enrollment, payment or line twice. */
  readonly doubled: readonly string[];
};

/** What the log has of the flows: each of their events is once per stream and enrollment. */
export async function census(eventStoreUrl: string): Promise<LogCensus> {
  const client = EventStoreDBClient.connectionString(eventStoreUrl);
  try {
    const ids: string[] = [];
    const counts: Record<string, number> = {};
    const told = new Map<string, number>();
    for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
      if (event === undefined || event.type.startsWith('$')) continue;
      ids.push(event.id);
      if (!typesOfTheFlow.has(event.type)) continue;
      counts[event.type] = (counts[event.type] ?? 0) + 1;
      const { enrollmentId = '' } = about.parse(event.data);
      const key = `${event.type} of ${enrollmentId} in ${event.streamId}`;
      told.set(key, (told.get(key) ?? 0) + 1);
    }
    const doubled = [...told].filter(([, times]) => times > 1).map(([key]) => key);
    return { ids, counts, doubled };
  } finally {
    await client.dispose();
  }
}

/** Waits until sagas and inbox have nothing left to do; what was given up or parked fails at once. */
export async function untilSagasRest(databaseUrl: string, patienceMs: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const ask = async () => {
      const { rows } = await client.query<{ waiting: string; dead: string }>(
        `select (select count(*) from saga.outbox where status in ('pending', 'leased'))
              + (select count(*) from stripe.inbox where status = 'pending') as waiting,
                (select count(*) from saga.outbox where status = 'dead')
              + (select count(*) from saga.parked)
              + (select count(*) from stripe.inbox where status = 'dead') as dead`,
      );
      return { waiting: Number(rows[0]?.waiting), dead: Number(rows[0]?.dead) };
    };
    const { dead } = await until(
      'sagas at rest',
      ask,
      (seen) => seen.dead > 0 || seen.waiting === 0,
      patienceMs,
    );
    if (dead > 0) throw new Error(`${dead} rows of sagas were given up or parked`);
  } finally {
    await client.end();
  }
}

/** The ids on the bus, in order, once it has as many as the log. */
export async function relayedIds(natsUrl: string, count: number): Promise<string[]> {
  const connection = await connect(connectionOptions(natsUrl));
  try {
    const manager = await connection.jetstreamManager();
    const { state } = await until(
      'the relay',
      () => manager.streams.info('PAWPRINT_EVENTS'),
      (info) => info.state.messages >= count,
      30_000,
    );
    const consumer = await connection.jetstream().consumers.get('PAWPRINT_EVENTS');
    const ids: string[] = [];
    for await (const message of await consumer.consume()) {
      ids.push(message.headers?.get('Nats-Msg-Id') ?? '');
      if (message.seq === state.last_seq) break;
    }
    return ids;
  } finally {
    await connection.close();
  }
}
