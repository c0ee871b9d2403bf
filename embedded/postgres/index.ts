import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../free-port.ts';
import { locateBinaries } from './binaries.ts';
import { openCluster, postgresEnvironment, superuser } from './cluster.ts';
import { chooseGuard, type Guard } from './guard.ts';
import { chooseIdentity } from './identity.ts';
import { stopLeftovers } from './leftovers.ts';
import { sealDatabase } from './seal.ts';
import { type Durability, serverSettings } from './settings.ts';

export type EmbeddedPostgresOptions = {
  /** Holds the cluster and its password. One Postgres per folder. */
  dataDir: string;
  /** 0 or left out: a free one. */
  port?: number;
  log?: (line: string) => void;
  /** `none` is for throw-away data: it survives a killed process, not a power cut. */
  durability?: Durability;
  /** More settings of postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
};

export type PostgresExit = {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** True when `stop()` asked for it. */
  expected: boolean;
};

export type EmbeddedPostgres = {
  port: number;
  pid: number;
  /** The connection string of a database, with user and password. */
  url(database: string): string;
  /** Makes the database when it is not there yet, closed to all but its owner; its connection string. */
  createDatabase(name: string): Promise<string>;
  /** Closes a database to all but its owner. */
  sealDatabase(name: string): Promise<void>;
  /** Lets running transactions go and ends the server; an immediate shutdown after 10 s. */
  stop(): Promise<void>;
  /** For the impatient: SIGKILL means recovery at the next start. */
  kill(signal: NodeJS.Signals): void;
  exited: Promise<PostgresExit>;
};

/** Postgres did not come up; the message carries its last lines. */
export class PostgresStartFailed extends Error {
  override name = 'PostgresStartFailed';
}

/** The asked-for port belongs to somebody else. */
export class PostgresPortTaken extends PostgresStartFailed {
  override name = 'PostgresPortTaken';
}

/**
 * Starts Postgres out of the npm package and waits until it takes connections. It ends with this
 * process, even when this process is killed. Call it from the main thread: the kernel ties the end
 * of Postgres to the thread that started it.
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? ignore;
  const durability = options.durability ?? 'full';
  const binaries = locateBinaries();
  const identity = chooseIdentity(binaries.postgres);
  const guard = chooseGuard();
  for (const notice of [identity.notice, guard.notice]) if (notice) log(`WARNING: ${notice}`);

  const cluster = await openCluster({
    dataDir: options.dataDir,
    binaries,
    identity,
    guard: guard.wrap,
    durable: durability === 'full',
  });
  await stopLeftovers(cluster.folder, log);

  const launch = async (port: number): Promise<Server> => {
    const extra = options.settings ?? {};
    const settings = serverSettings({ port, durability, extra });
    const commandLine = [
      ...identity.wrap,
      // After the change of user, which would clear it.
      ...guard.wrap,
      ...[binaries.postgres, '-D', cluster.folder, ...settings],
    ];
    return launchServer(commandLine, { port, log, guard });
  };
  const server = await launchWithRetries(launch, options.port ?? 0);
  return handle(server, cluster.password);
}

type Server = {
  child: ChildProcess;
  pid: number;
  port: number;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
};

/**
 * Two things pass by themselves: the shared memory of a killed postmaster is in use until its
 * backends notice (hence 5 s), and a free port may be taken before Postgres binds it.
 */
async function launchWithRetries(
  launch: (port: number) => Promise<Server>,
  wantedPort: number,
): Promise<Server> {
  const until = performance.now() + 5_000;
  for (;;) {
    try {
      return await launch(wantedPort === 0 ? await freePort() : wantedPort);
    } catch (error) {
      const passes =
        error instanceof PostgresPortTaken
          ? wantedPort === 0
          : error instanceof PostgresStartFailed && stillInUse.test(error.message);
      if (!passes || performance.now() > until) throw error;
      await delay(100);
    }
  }
}

const LAST_WORDS_MS = 500;
const ignore = (): void => undefined;
const ready = 'database system is ready to accept connections';
const portTaken = /could not (bind|create any TCP\/IP sockets)/;
const stillInUse = /shared memory block .* is still in use|lock file ".*" already exists/;

async function launchServer(
  commandLine: readonly string[],
  options: { port: number; log: (line: string) => void; guard: Guard },
): Promise<Server> {
  const [command = '', ...args] = commandLine;
  const child = spawn(command, args, {
    env: postgresEnvironment(),
    // Out of the terminal's process group: Ctrl-C is for the supervisor, which stops in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<Awaited<Server['ended']>>();
  const { promise: isReady, resolve: becomeReady, reject: fail } = Promise.withResolvers<void>();
  const lastLines: string[] = [];

  if (child.stderr) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      options.log(line);
      if (line.endsWith(ready)) becomeReady();
    });
  }
  child.on('error', (cause) => {
    fail(new PostgresStartFailed(`${command} could not be run`, { cause }));
  });
  const watch = child.pid === undefined ? undefined : options.guard.watch(child.pid);
  child.on('exit', () => watch?.release());
  child.on('exit', async (code, signal) => {
    await lastWords(child);
    end({ code, signal });
    const text = lastLines.join('\n');
    const Failure = portTaken.test(text) ? PostgresPortTaken : PostgresStartFailed;
    fail(new Failure(`Postgres ended with ${signal ?? code} at its start:\n${text}`));
  });

  await isReady;
  if (child.pid === undefined) throw new PostgresStartFailed('Postgres has no pid');
  return { child, pid: child.pid, port: options.port, ended };
}

/**
 * Until the last lines of a server that has ended were read, as a rule. A child of a killed postmaster
 * keeps the pipe open, and one that waits for a lock which a killed one held waits for ever: it must
 * not keep anybody from the next start, which ends it.
 */
async function lastWords(child: ChildProcess): Promise<void> {
  const cancel = new AbortController();
  await Promise.race([
    once(child, 'close'),
    delay(LAST_WORDS_MS, undefined, { signal: cancel.signal }),
  ]);
  cancel.abort();
  child.stderr?.destroy();
}

function handle(server: Server, password: string): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  const url = (database: string) =>
    `postgresql://${superuser}:${password}@127.0.0.1:${server.port}/${encodeURIComponent(database)}`;
  return {
    port: server.port,
    pid: server.pid,
    url,
    exited: server.ended.then((end) => ({ ...end, expected: stopping !== undefined })),
    async createDatabase(name) {
      await createDatabase(url('postgres'), name);
      await sealDatabase(url(name));
      return url(name);
    },
    sealDatabase: (name) => sealDatabase(url(name)),
    kill: (signal) => void server.child.kill(signal),
    stop() {
      stopping ??= stopServer(server);
      return stopping;
    },
  };
}

async function stopServer(server: Server): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    server.child.kill(signal);
    const cancel = new AbortController();
    const patience = delay(10_000, 'late', { signal: cancel.signal }).catch(() => 'cancelled');
    const outcome = await Promise.race([server.ended, patience]);
    cancel.abort();
    if (outcome !== 'late') return;
  }
  await server.ended;
}

/** Makes a database when it is not there yet; `adminUrl` names any other one of the same server. */
export async function createDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    // Two that ask at the same time would both see nothing; the lock ends with the session.
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
