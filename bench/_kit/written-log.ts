import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogue } from '../../domain/_catalogue.ts';
import { startPostgres } from '../../embedded/postgres/index.ts';
import { type EventStore, foundLog, openEventStore } from '../../platform/event-store/index.ts';
import { openKeyStore } from '../../platform/keys/index.ts';
import { createLogger, type Logger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { startProjections } from '../../projections/_runtime/start.ts';
import { projections } from '../../projections/index.ts';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { writeLanes } from '../../test/support/write-lanes.ts';
import { startDurable } from './event-store/nodes.ts';
import { progress } from './report.ts';

/** A log that was written through the real client into a real node, with room for read models beside it. */
export type Written = {
  readonly url: string;
  /** Of the node. */
  readonly pid: number;
  readonly postgresPid: number;
  /** Application events, the first one of the log among them. */
  readonly events: number;
  readonly eventStore: EventStore;
  readonly log: Logger;
  /** An empty database, and a pool for it. */
  database(): Promise<{ readonly url: string; readonly pool: Pool; drop(): Promise<void> }>;
  stop(): Promise<void>;
};

const STEPS = 10;

export async function writeLog(options: {
  readonly events: number;
  readonly writers: number;
}): Promise<Written> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-log-'));
  const postgres = await startPostgres({ dataDir: folder });
  const node = await startDurable(await postgres.createDatabase('event_store'));
  // Long: to drop a database waits for a checkpoint, which takes as long as the disk does.
  const people = await postgres.createDatabase('people');
  const pool = createPool({ url: people, name: 'bench', long: true });
  // A person's key is read once a run, as by a process that has just been started.
  const keys = openKeyStore({ pool, masterKey: randomBytes(32) });
  await keys.ready();
  const log = createLogger({ level: process.env['LOG_LEVEL'] ?? 'error', name: 'bench' });
  const eventStore = openEventStore({ url: node.url, catalogue, keys, log });
  await foundLog(eventStore);

  const begin = performance.now();
  const step = Math.max(1, Math.floor(options.events / STEPS));
  await writeLanes({
    ...{ eventStore, ...options },
    onWritten: (done) => {
      if (done % step === 0) progress(`${done.toLocaleString('en')} events written`);
    },
  });
  const seconds = (performance.now() - begin) / 1000;
  progress(`written by ${options.writers} in ${seconds.toFixed(1)} s`);

  let databases = 0;
  return {
    ...{ url: node.url, pid: node.pid, postgresPid: postgres.pid, eventStore, log },
    events: options.events + 1,
    database: async () => {
      databases += 1;
      const name = `read_models_${databases}`;
      const url = await postgres.createDatabase(name);
      const own = createPool({ url, name: 'bench' });
      return {
        ...{ url, pool: own },
        drop: async () => {
          await own.end();
          await pool.query(`drop database ${name} with (force)`);
        },
      };
    },
    stop: async () => {
      await eventStore.dispose();
      await node.stop();
      await pool.end();
      await postgres.stop();
      removeFolder(folder);
    },
  };
}

/** A log takes its time, and so may this. */
const PATIENCE_MS = 30 * 60_000;
const LOOK_MS = 200;

/** Every projection from an empty database to the head of the log. */
export async function catchUp(
  written: Written,
  /** Told now and then which event all of them have handled. */
  onHandled?: (ordinal: number) => void,
): Promise<{ readonly handled: number; readonly parked: number }> {
  const { eventStore, log } = written;
  const { url, pool, drop } = await written.database();
  const running = await startProjections({ eventStore, url, definitions: projections, log });
  const looking = setInterval(() => {
    const ordinals = running.health().map(({ ordinal }) => ordinal);
    onHandled?.(Math.min(...ordinals));
  }, LOOK_MS);
  try {
    await running.reached(await eventStore.head(), AbortSignal.timeout(PATIENCE_MS));
    const { rows } = await pool.query<{ handled: number; parked: number }>(
      `select min(ordinal)::int as handled, (select count(*)::int from projection.parked) as parked
         from projection.checkpoints`,
    );
    if (rows[0] === undefined) throw new Error('an aggregate gave no row');
    return rows[0];
  } finally {
    clearInterval(looking);
    await running.stop();
    await drop();
  }
}
