import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../../embedded/durable-file.ts';
import {
  type EmbeddedPostgres,
  PostgresStartFailed,
  startPostgres,
} from '../../../embedded/postgres/index.ts';
import { processesIn } from '../../../embedded/postgres/leftovers.ts';
import { createGate } from './gate.ts';
import type { Random } from './random.ts';

/**
 * Who of Postgres is killed: the postmaster, whose children then notice by themselves; all at once,
 * as when the machine goes; or one child, after which the postmaster ends all others and itself.
 */
export type Victim = 'postmaster' | 'everybody' | 'a child';

export type Cluster = {
  /** Of the node's database; the same after every start. */
  readonly databaseUrl: string;
  /** Where Postgres has its files. */
  readonly folder: string;
  readonly starts: number;
  /** Starts that came to nothing, by what Postgres said last. */
  readonly failedStarts: readonly string[];
  /** Also while it starts or recovers. How many processes that hit. */
  kill(victim: Victim, random: Random): number;
  /** A fast shutdown, after which it is started again like after a kill. */
  shutDown(): Promise<void>;
  up(): Promise<unknown>;
  stop(): Promise<void>;
};

export type ClusterOptions = {
  readonly dataDir: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Makes the node's database; gives its connection string. */
  readonly makeDatabase?: (postgres: EmbeddedPostgres, dataDir: string) => Promise<string>;
  /** Between the first stop and the first start of the test, when nobody has a file open. */
  readonly whileStopped?: (folder: string) => void;
};

const RETRY_MS = 50;

/** A Postgres with everything that makes it durable, which is started again whenever it ends. */
export const superviseCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const { dataDir, makeDatabase = (postgres) => postgres.createDatabase('events') } = options;
  const folder = join(dataDir, 'cluster');
  const port = await quietPort();
  const failedStarts: string[] = [];
  const running = createGate<EmbeddedPostgres>();
  let starts = 0;
  let stopping = false;

  const start = () =>
    startPostgres({
      ...{ dataDir, port, durability: 'full' },
      settings: options.settings ?? {},
    });
  const first = await start();
  const databaseUrl = await makeDatabase(first, dataDir);
  await first.stop();
  options.whileStopped?.(folder);

  const startOnce = async (): Promise<void> => {
    let postgres: EmbeddedPostgres;
    try {
      postgres = await start();
    } catch (error) {
      // Killed at its start, or no room for it: what a supervisor does is try again.
      if (!(error instanceof PostgresStartFailed)) throw error;
      failedStarts.push(error.message);
      await delay(RETRY_MS);
      return;
    }
    starts += 1;
    running.open(postgres);
    await postgres.exited;
    running.shut();
  };
  const supervising = (async () => {
    while (!stopping) await startOnce();
  })().catch((error: Error) => running.fail(error));
  await running.passed();

  return {
    databaseUrl,
    folder,
    failedStarts,
    get starts() {
      return starts;
    },
    kill(victim, random) {
      const postmaster = running.now?.pid;
      const all = processesIn(folder);
      const [child, ...others] = all.filter((pid) => pid !== postmaster);
      const chosen: Record<Victim, () => (number | undefined)[]> = {
        postmaster: () => [postmaster],
        everybody: () => all,
        'a child': () => [child && random.pick([child, ...others])],
      };
      return chosen[victim]().filter((pid) => pid !== undefined && killNow(pid)).length;
    },
    async shutDown() {
      await (await running.passed()).stop();
    },
    up: running.passed,
    async stop() {
      stopping = true;
      await running.now?.stop();
      await supervising;
    },
  };
};

/** False when it has ended meanwhile, which is what was wanted. */
const killNow = (pid: number): boolean => {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
    return false;
  }
};

/**
 * A free port below those that the system gives away (32768 and up by default): a client that asks
 * for a server that is down would one day be given that very port, and be connected to itself.
 */
const quietPort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const listening = once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.listen(port, '127.0.0.1');
    const free = await listening;
    server.close();
    if (free) return port;
  }
};
