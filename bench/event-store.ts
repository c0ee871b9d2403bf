/**
 * What the event store node does per second on this machine, as its clients see it: node and
 * Postgres are processes of their own, every append is on disk when it is answered.
 *
 *   node bench/event-store.ts [--json] [--seconds 3]
 *
 * Rates differ between machines, so each also comes as a ratio to what Postgres does by itself:
 * one row per commit over one connection, on the same disk at the same time.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import pg from 'pg';
import { startPostgres } from '../embedded/postgres/index.ts';

const { values: flags } = parseArgs({
  options: { json: { type: 'boolean', default: false }, seconds: { type: 'string', default: '3' } },
});
const SECONDS = Number(flags.seconds);

type Row = { what: string; perSecond: number; ratio: number; p50Ms?: number; p99Ms?: number };

/** About 330 bytes, like the events of the application. */
const event = () =>
  jsonEvent({
    type: 'enrollment-held',
    data: { activityId: 'activity-0123456789', memberId: 'm-0123456789', note: 'x'.repeat(180) },
    metadata: { $correlationId: '0b5f6f0e-7f5c-4a86-9d5e-2d7b9f6f2f11', by: 'bench' },
  });

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Runs an action so many at a time for a while. */
const drive = async (inFlight: number, action: (n: number) => Promise<unknown>) => {
  const took: number[] = [];
  const begin = performance.now();
  const until = begin + SECONDS * 1_000;
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < until) {
        const started = performance.now();
        await action(next++);
        took.push(performance.now() - started);
      }
    }),
  );
  const perSecond = (took.length * 1_000) / (performance.now() - begin);
  took.sort((a, b) => a - b);
  return { perSecond, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) };
};

const postgresAlone = async (url: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create table alone (n bigint generated always as identity, data bytea)');
  const data = Buffer.alloc(330, 7);
  const text = 'insert into alone (data) values ($1)';
  const { perSecond } = await drive(1, () => client.query({ name: 'one', text, values: [data] }));
  await client.end();
  return perSecond;
};

const startNode = async (databaseUrl: string) => {
  const script = new URL('../bin/event-store.ts', import.meta.url);
  const child = fork(script, ['--database-url', databaseUrl, '--port', '0'], { silent: true });
  child.stderr?.pipe(process.stderr);
  const [ready] = await once(child, 'message');
  return {
    url: String(ready.url),
    async stop() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
};

const countEvents = async (reading: AsyncIterable<unknown>): Promise<number> => {
  let count = 0;
  for await (const _event of reading) count += 1;
  return count;
};

const measure = async (databaseUrl: string, aloneUrl: string): Promise<Row[]> => {
  const rows: Row[] = [];
  const alone = await postgresAlone(aloneUrl);
  rows.push({ what: 'Postgres alone, one row per commit', perSecond: alone, ratio: 1 });
  const node = await startNode(databaseUrl);
  const client = EventStoreDBClient.connectionString(node.url);
  const note = (what: string, result: Omit<Row, 'what' | 'ratio'>): void => {
    rows.push({ what, ...result, ratio: result.perSecond / alone });
  };

  await drive(16, (n) => client.appendToStream(`warm-${n % 100}`, event()));
  for (const inFlight of [1, 16, 128, 512]) {
    const result = await drive(inFlight, (n) =>
      client.appendToStream(`bench-${inFlight}-${n}`, event(), { expectedRevision: 'no_stream' }),
    );
    note(`append, ${inFlight} in flight`, result);
  }
  note(
    'append with any to 10 streams, 128 in flight',
    await drive(128, (n) => client.appendToStream(`hot-${n % 10}`, event())),
  );
  note(
    'append of 10 events, 32 in flight',
    await drive(32, (n) => client.appendToStream(`ten-${n}`, Array.from({ length: 10 }, event))),
  );
  note(
    'read a stream of one event, 16 at a time',
    await drive(16, (n) => countEvents(client.readStream(`bench-128-${n % 100}`))),
  );
  const begin = performance.now();
  const total = await countEvents(client.readAll({ maxCount: 50_000 }));
  note('events read from $all', { perSecond: (total * 1_000) / (performance.now() - begin) });

  const subscriptions = Array.from({ length: 4 }, () =>
    client.subscribeToAll({ fromPosition: 'end' }),
  );
  let delivered = 0;
  for (const one of subscriptions) one.on('data', () => delivered++);
  await Promise.all(subscriptions.map((one) => once(one, 'caughtUp')));
  note(
    'append, 128 in flight, followed live by 4 subscriptions',
    await drive(128, (n) => client.appendToStream(`live-${n}`, event())),
  );
  note('  of which delivered to the subscriptions', { perSecond: delivered / SECONDS });
  await Promise.all(subscriptions.map((one) => one.unsubscribe()));
  await client.dispose();
  await node.stop();
  return rows;
};

const folder = mkdtempSync(join(tmpdir(), 'bench-event-store-'));
const postgres = await startPostgres({ dataDir: folder });
try {
  const rows = await measure(
    await postgres.createDatabase('events'),
    await postgres.createDatabase('alone'),
  );
  if (flags.json) {
    console.log(
      JSON.stringify({ cpus: cpus().length, cpu: cpus()[0]?.model, seconds: SECONDS, rows }),
    );
  } else {
    console.table(
      rows.map(({ what, perSecond, ratio, p50Ms, p99Ms }) => ({
        what,
        'per second': Math.round(perSecond),
        'x Postgres alone': Number(ratio.toFixed(2)),
        'p50 ms': p50Ms === undefined ? '' : p50Ms.toFixed(1),
        'p99 ms': p99Ms === undefined ? '' : p99Ms.toFixed(1),
      })),
    );
  }
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
