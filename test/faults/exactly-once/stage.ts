import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import { expect } from 'vitest';
import { createPool, type Pool } from '../../../platform/postgres/index.ts';
import { dumpProjection } from '../../../projections/_runtime/dump.ts';
import { listParked } from '../../../projections/_runtime/parked.ts';
import { prepareReadModels } from '../../../projections/_runtime/schema.ts';
import { projections } from '../../../projections/index.ts';
import { migrateSagas } from '../../../sagas/_runtime/schema.ts';
import { createTestDatabase } from '../../support/database.ts';
import type { LogOfRecord } from '../../support/log-of-record.ts';
import { countedBySaga, keepWritesOf, witnessProjection, writesIn } from './witness.ts';

/** Consumers of a log in a process of their own, and the database they fill. */
export type Consumers = {
  readonly pool: Pool;
  /** Application events that all of them have handled, by their own account. */
  handled(): Promise<number>;
  /** Killed with -9, and started again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

const script = fileURLToPath(new URL('consumers.ts', import.meta.url));

export async function startConsumers(log: LogOfRecord): Promise<Consumers> {
  const database = await createTestDatabase();
  // Whole tables are read through it, of as many rows as there are events.
  const pool = createPool({ url: database.url, name: 'spec', long: true });
  await prepareReadModels(pool, [...projections, witnessProjection]);
  await migrateSagas(pool);
  await keepWritesOf(pool);
  const known = {
    ...{ eventStoreUrl: log.url, keysUrl: log.databaseUrl, url: database.url },
    masterKey: log.masterKey.toString('base64'),
  };
  const start = async (): Promise<ChildProcess> => {
    const child = fork(script, { env: { ...process.env, WITNESS: JSON.stringify(known) } });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the consumers ended with ${code}`);
    });
    ended.catch(() => {
      // Later on it is killed, or told to end.
    });
    await Promise.race([once(child, 'message'), ended]);
    return child;
  };
  let child = await start();
  return {
    pool,
    handled: async () => {
      const { rows } = await pool.query<{ least: number }>(
        `select least(min(ordinal), coalesce((select min(ordinal) from saga.checkpoints), 0))::int as least
           from projection.checkpoints`,
      );
      return rows[0]?.least ?? 0;
    },
    restart: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      child = await start();
    },
    stop: async () => {
      const gone = once(child, 'exit');
      if (child.connected) child.disconnect();
      if (child.exitCode === null && child.signalCode === null) await gone;
      await pool.end();
      await database.drop();
    },
  };
}

/** Every application event of the log, as the official client reads it. */
export async function readBare(
  log: LogOfRecord,
): Promise<readonly { readonly stream: string; readonly id: string }[]> {
  const client = EventStoreDBClient.connectionString(log.url);
  const events: { stream: string; id: string }[] = [];
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
    if (event === undefined || event.type.startsWith('$')) continue;
    events.push({ stream: event.streamId, id: event.id });
  }
  await client.dispose();
  return events;
}

/** Compares what consumers have with the log: every event once, in order, nothing parked. */
export async function expectOnceInOrder(
  { pool }: Consumers,
  bare: readonly { readonly stream: string; readonly id: string }[],
): Promise<void> {
  const writes = await writesIn(pool);
  const wrong = writes.findIndex(({ ordinal, id }, n) => ordinal !== n + 1 || id !== bare[n]?.id);
  expect({ first: writes[wrong], at: wrong }).toEqual({ first: undefined, at: -1 });
  expect(writes).toHaveLength(bare.length);
  expect(await listParked(pool)).toEqual([]);

  const streams = new Map<string, number>();
  for (const { stream } of bare) streams.set(stream, (streams.get(stream) ?? 0) + 1);
  const counted = await countedBySaga(pool);
  const differ = [...streams].filter(([stream, count]) => counted.get(stream) !== count);
  expect({ streams: counted.size, differ: differ.slice(0, 5) }).toEqual({
    ...{ streams: streams.size, differ: [] },
  });
  const { rows } = await pool.query('select instance from saga.parked limit 5');
  expect(rows).toEqual([]);
}

/** SHA-256 of every table of every projection. */
export async function hashesOf({ pool }: Consumers): Promise<readonly string[]> {
  const dumps = [];
  for (const definition of projections) dumps.push(...(await dumpProjection(pool, definition)));
  return dumps.map(({ table, rows, sha256 }) => `${table} ${rows} ${sha256}`);
}
