import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, lchown, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, replaceDurably, syncFolder, writeDurably } from '../durable-file.ts';
import type { PostgresBinaries } from './binaries.ts';
import type { Identity } from './identity.ts';

export const superuser = 'postgres';

/** The data folder holds something this version cannot start from. */
export class ClusterUnusable extends Error {
  override name = 'ClusterUnusable';
}

export type Cluster = { folder: string; password: string; created: boolean };

/**
 * The database cluster in `dataDir/cluster`, made when it is not there yet. It is made in a folder
 * of its own and renamed when complete: a set-up that was killed leaves nothing that looks done.
 */
export async function openCluster(options: {
  dataDir: string;
  binaries: PostgresBinaries;
  identity: Identity;
  /** In front of initdb, so that it ends with us. */
  guard: readonly string[];
  durable: boolean;
}): Promise<Cluster> {
  const { dataDir, identity } = options;
  const folder = join(dataDir, 'cluster');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await removeHalfMade(dataDir);

  const exists = await isFolder(folder);
  const password = await readOrMakePassword(dataDir, exists);
  if (exists) await checkVersion(folder, options.binaries.postgres);
  else await makeCluster({ ...options, folder, password });

  await giveTo(folder, identity.owner);
  await writeFor(join(folder, 'pg_hba.conf'), accessRules, identity.owner);
  return { folder, password, created: !exists };
}

/** Nobody without the password, nobody from outside, no local socket. */
const accessRules = `# Written at every start.
host all all 127.0.0.1/32 scram-sha-256
`;

async function makeCluster(options: {
  dataDir: string;
  folder: string;
  password: string;
  binaries: PostgresBinaries;
  identity: Identity;
  guard: readonly string[];
  durable: boolean;
}): Promise<void> {
  const { dataDir, folder, identity, binaries } = options;
  const half = await mkdirFor(join(dataDir, `${halfMadePrefix}${process.pid}`), identity);
  const passwordFile = join(half, 'password');
  await writeFor(passwordFile, options.password, identity.owner);

  const target = await mkdirFor(join(half, 'cluster'), identity);
  const args = [
    ...[`--pgdata=${target}`, `--username=${superuser}`, `--pwfile=${passwordFile}`],
    ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'],
    // Sorting that depends neither on the machine's C library nor on its ICU: a rebuilt read model
    // has to be byte-identical on another machine.
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(options.durable ? [] : ['--no-sync']),
  ];
  await run([...identity.wrap, ...options.guard, binaries.initdb, ...args]);
  await rename(target, folder);
  if (options.durable) await syncFolder(dataDir);
  await rm(half, { recursive: true, force: true });
}

const halfMadePrefix = 'half-made-';

async function removeHalfMade(dataDir: string): Promise<void> {
  const entries = await readdir(dataDir);
  const halfMade = entries.filter((entry) => entry.startsWith(halfMadePrefix));
  // An initdb that just lost its parent may still be writing for a moment: hence the retries.
  const patiently = { recursive: true, force: true, maxRetries: 20, retryDelay: 20 };
  for (const entry of halfMade) await rm(join(dataDir, entry), patiently);
}

async function readOrMakePassword(dataDir: string, clusterExists: boolean): Promise<string> {
  const path = join(dataDir, 'password');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    if (clusterExists) {
      throw new ClusterUnusable(`${path} is gone; the databases in ${dataDir} need it`, { cause });
    }
  }
  const password = randomBytes(24).toString('base64url');
  await replaceDurably(path, `${password}\n`);
  return password;
}

async function checkVersion(folder: string, postgres: string): Promise<void> {
  const made = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  const shipped = /(\d+)\.\d+/.exec(await run([postgres, '--version']))?.[1];
  if (made === shipped) return;
  throw new ClusterUnusable(
    `${folder} was made by Postgres ${made}, but ${shipped} is installed: move the data with ` +
      `pg_dump and pg_restore, or start with an empty data folder`,
  );
}

/** Runs a program to its end; its output, or an error that carries it. */
async function run(commandLine: readonly string[]): Promise<string> {
  const [command = '', ...args] = commandLine;
  const child = spawn(command, args, {
    env: postgresEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output += String(chunk);
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  child.on('error', reject);
  child.on('close', (code, signal) => {
    if (code === 0) return resolve(output);
    reject(new ClusterUnusable(`${command} ended with ${signal ?? code}: ${output.trim()}`));
  });
  return promise;
}

/** Without PGDATA, PGPORT and the like of the person's own shell, and with English messages. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

async function mkdirFor(path: string, identity: Identity): Promise<string> {
  await mkdir(path, { mode: 0o700 });
  await giveTo(path, identity.owner);
  return path;
}

async function giveTo(path: string, owner: Identity['owner']): Promise<void> {
  if (process.getuid?.() !== 0 || (await stat(path)).uid === owner.uid) return;
  const below = await readdir(path, { recursive: true });
  for (const entry of below) await lchown(join(path, entry), owner.uid, owner.gid);
  // The folder itself comes last: a cut in between is seen, and done again, at the next start.
  await lchown(path, owner.uid, owner.gid);
}

async function writeFor(path: string, text: string, owner: Identity['owner']): Promise<void> {
  await writeDurably(path, text);
  if (process.getuid?.() === 0) await chown(path, owner.uid, owner.gid);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
