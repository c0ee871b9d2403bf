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

/** Events that Stripe was told we have, and that are not in our inbox. */
export async function lostWebhooks(databaseUrl: string): Promise<string[]> {
  const atStripe = new URL(databaseUrl);
  atStripe.pathname = '/stripe_sandbox';
  const [delivered, stored] = await Promise.all([
    eventIds(
      atStripe.href,
      "select distinct event_id from stripe_sandbox.deliveries where status = 'delivered'",
    ),
    eventIds(databaseUrl, 'select event_id from stripe.inbox'),
  ]);
  const known = new Set(stored);
  return delivered.filter((id) => !known.has(id));
}

async function eventIds(url: string, sql: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ event_id: string }>(sql);
    return rows.map(({ event_id }) => event_id);
  } finally {
    await client.end();
  }
}

/** The mail server may take a mail a moment after the process that sent it is gone. */
const TAKEN_LATE_MS = 1000;

/**
 * Mails that were sent again although nobody was killed between one copy and the next. (SMTP cannot
 * say "once": killed between the mail server's yes and our record, a mail goes out again, and with it
 * every other that was under way.)
 */
export function sentAgainUnkilled(
  mails: readonly { readonly id: string; readonly messageId: string | null }[],
  killedAt: readonly number[],
): string[] {
  const copies = Map.groupBy(mails, ({ messageId }) => messageId ?? '');
  return [...copies].flatMap(([messageId, those]) => {
    const at = those.map(({ id }) => arrivedAt(id)).toSorted((a, b) => a - b);
    const unexplained = at.slice(1).filter((later, index) => {
      const earlier = (at[index] ?? 0) - TAKEN_LATE_MS;
      return !killedAt.some((killed) => killed >= earlier && killed <= later);
    });
    return unexplained.map(() => messageId);
  });
}

/** The mailbox names a message after the moment in which it came (epoch ms). */
const arrivedAt = (id: string): number => Number(id.split('-')[0]);

/** The ids on the bus, in order, once it has as many as the log. */
export async function relayedIds(
  natsUrl: string,
  count: number,
  patienceMs = 30_000,
): Promise<string[]> {
  const connection = await connect(connectionOptions(natsUrl));
  try {
    const manager = await connection.jetstreamManager();
    const { state } = await until(
      'the relay',
      () => manager.streams.info('PAWPRINT_EVENTS'),
      (info) => info.state.messages >= count,
      patienceMs,
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
