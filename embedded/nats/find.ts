import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { fetchNatsServer } from './fetch.ts';

const run = promisify(execFile);

/** A server that can be started, and where it is from. */
export type NatsServer = {
  readonly path: string;
  readonly version: string;
  readonly from: 'NATS_SERVER' | 'PATH' | 'data folder' | 'release' | 'Debian';
};

/** `$NATS_SERVER` names something that is no nats-server: whoever set it wants to know. */
export class NatsServerUnusable extends Error {
  override readonly name = 'NatsServerUnusable';
}

/** JetStream with what the relay relies on; 2.9 is what Debian 12 has. */
const OLDEST = [2, 9] as const;

/** Where a fetched server is kept, below the data folder. */
export const fetchedPath = (dataDir: string): string => join(dataDir, 'nats', 'bin', 'nats-server');

/**
 * Looks for a nats-server: `$NATS_SERVER` (`off`: none is wanted), the PATH, one that was fetched
 * before, and, when allowed, fetches one. null: there is none, and the bus stays off.
 */
export async function findNatsServer(options: {
  env: Readonly<Record<string, string | undefined>>;
  dataDir: string;
  /** Fetching takes seconds and needs the network: never while somebody waits for a start. */
  allowFetch: boolean;
  log?: (line: string) => void;
  /** Ends a fetch that is under way. */
  signal?: AbortSignal;
}): Promise<NatsServer | null> {
  const { env, allowFetch, signal, log = () => undefined } = options;
  // Whoever runs it has another working directory.
  const dataDir = resolve(options.dataDir);
  const given = env['NATS_SERVER'];
  if (given === 'off') return null;
  if (given !== undefined && given !== '') {
    const found = await probe(resolve(given), 'NATS_SERVER', log);
    if (found === null) {
      throw new NatsServerUnusable(
        `NATS_SERVER is ${given}, which is not a nats-server from ${OLDEST.join('.')} on. Set it to one, to "off", or leave it out`,
      );
    }
    return found;
  }
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter((name) => name !== '')) {
    const found = await probe(join(folder, 'nats-server'), 'PATH', log);
    if (found !== null) return found;
  }
  const path = fetchedPath(dataDir);
  const before = await probe(path, 'data folder', log);
  if (before !== null || !allowFetch) return before;
  const from = await fetchNatsServer({ path, log, ...(signal === undefined ? {} : { signal }) });
  return from === null ? null : probe(path, from, log);
}

/** The server at a path when it runs here and is not too old. */
async function probe(
  path: string,
  from: NatsServer['from'],
  log: (line: string) => void,
): Promise<NatsServer | null> {
  try {
    await access(path, constants.X_OK);
  } catch {
    // Not there, which is what was asked.
    return null;
  }
  const version = await versionOf(path).catch((error: unknown) => {
    log(`${path} does not run: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  return version === null ? null : { path, version, from };
}

/** Its version; throws when it does not run or is too old. */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await run(path, ['--version'], { timeout: 5000 });
  const found = /nats-server: v?((\d+)\.(\d+)\.\S+)/.exec(stdout);
  if (found === null) throw new NatsServerUnusable(`${path} is no nats-server`);
  const [major, minor] = [Number(found[2]), Number(found[3])];
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new NatsServerUnusable(`nats-server ${found[1]} is older than ${OLDEST.join('.')}`);
  }
  return String(found[1]);
}
