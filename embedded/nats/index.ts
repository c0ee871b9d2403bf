import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isMissing, replaceDurably } from '../durable-file.ts';
import { freePort } from '../free-port.ts';
import { chooseGuard } from '../postgres/guard.ts';
import { stopLeftover } from './leftover.ts';

export { findNatsServer, type NatsServer, NatsServerUnusable } from './find.ts';

/** The server did not come up; the message carries its last lines. */
export class NatsStartFailed extends Error {
  override readonly name = 'NatsStartFailed';
}

export type NatsExit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
};

export type EmbeddedNats = {
  /** With user and password: for `NATS_URL`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<NatsExit>;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
};

const USER = 'pawprint';
const READY_MS = 15_000;
const STOP_MS = 5000;

/**
 * Starts nats-server with JetStream in `dataDir`, on the loopback address, behind a random password. It
 * ends with this process, also when this process is killed. Resolves once it takes connections.
 */
export async function startNats(options: {
  /** The program, see `findNatsServer`. */
  path: string;
  /** Holds its store, its configuration and its password. One server per folder. */
  dataDir: string;
  /** 0 or left out: a free one. */
  port?: number;
  log?: (line: string) => void;
}): Promise<EmbeddedNats> {
  const { path, log = () => undefined } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const config = join(dataDir, 'nats.conf');
  await stopLeftover(config, log);
  const password = await openPassword(join(dataDir, 'password'));
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
  // A file only we can read: everybody on the machine may read the arguments of a process.
  await replaceDurably(config, configuration({ port, password, store: join(dataDir, 'store') }));

  const guard = chooseGuard();
  const [command = path, ...args] = [...guard.wrap, path, '--config', config];
  const child = spawn(command, args, {
    // Out of the terminal's process group: Ctrl-C is for the supervisor, which stops in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { exited } = await untilReady(child, log);
  const { pid } = child;
  if (pid === undefined) throw new NatsStartFailed('nats-server has no pid');
  const watch = guard.watch(pid);
  void exited.then(() => watch.release());
  return {
    url: `nats://${USER}:${password}@127.0.0.1:${port}`,
    port,
    pid,
    exited,
    stop: () => stopChild(child, exited),
    kill: (signal) => void child.kill(signal),
  };
}

/**
 * Acknowledged messages are with the kernel; the file is synced every two minutes (the server's
 * default). After a power cut the relay sees what the stream ends with and sends the rest again.
 */
function configuration(options: { port: number; password: string; store: string }): string {
  const { port, password, store } = options;
  return `# Written at every start.
listen: "127.0.0.1:${port}"
server_name: "pawprint"
authorization { user: ${USER}, password: ${JSON.stringify(password)} }
jetstream {
  store_dir: ${JSON.stringify(store)}
  max_memory_store: 64MB
  max_file_store: 2GB
}
max_payload: 1MB
`;
}

/** Hex: in a configuration file of NATS, other texts may read as numbers or variables. */
async function openPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (!isMissing(error)) throw error;
    const password = `p${randomBytes(24).toString('hex')}`;
    await replaceDurably(path, `${password}\n`);
    return password;
  }
}

/** Waits for the server's word that it takes connections. */
async function untilReady(
  child: ChildProcess,
  log: (line: string) => void,
): Promise<{ exited: Promise<NatsExit> }> {
  const ended = Promise.withResolvers<NatsExit>();
  const ready = Promise.withResolvers<void>();
  const lastLines: string[] = [];
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 20) lastLines.shift();
      log(line);
      if (line.endsWith('Server is ready')) ready.resolve();
    });
  }
  const fail = (what: string, cause?: unknown): void =>
    ready.reject(new NatsStartFailed(`nats-server ${what}:\n${lastLines.join('\n')}`, { cause }));
  child.on('error', (cause) => fail('could not be run', cause));
  child.on('exit', (code, signal) => ended.resolve({ code, signal }));
  // "close" rather than "exit": by then the last lines have been read.
  child.on('close', (code, signal) => fail(`ended with ${signal ?? code} at its start`));
  const late = setTimeout(() => fail(`was not ready after ${READY_MS} ms`), READY_MS);
  try {
    await ready.promise;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(late);
  }
  return { exited: ended.promise };
}

async function stopChild(child: ChildProcess, exited: Promise<NatsExit>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    child.kill(signal);
    const cancel = new AbortController();
    const late = delay(STOP_MS, 'late', { signal: cancel.signal }).catch(() => 'cancelled');
    const outcome = await Promise.race([exited, late]);
    cancel.abort();
    if (outcome !== 'late') return;
  }
  await exited;
}
