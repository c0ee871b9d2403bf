import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The release that is fetched, with the SHA-256 of its archives as its makers publish them. */
const RELEASE = {
  version: '2.10.29',
  sha256: {
    x64: ['amd64', 'e314da74a83a1d3876db8814c27eb990fe729640fd6452025b441bcede8390da'],
    arm64: ['arm64', 'da4b27942ecfb4c5f0c54553d2e7f470ddda9d7581cfe8131b351a0e223ed401'],
    arm: ['arm7', 'a59e7336a32ef78b0ca8bc3e6707a5770461d3f45c4c2f96cfef263f26eaefd5'],
    s390x: ['s390x', 'ee821b1eae8bb98a0d4603510a41613dd15afef244261a79da33515699d1aece'],
    ppc64: ['ppc64le', '31b0063d261e5d8c59396f8a3f9298ad80b36fd4bc370ce59e5d160f55a0fe46'],
  } satisfies Readonly<Record<string, readonly [string, string]>> as Readonly<
    Record<string, readonly [string, string]>
  >,
} as const;

const RELEASE_MS = 30_000;
const DEBIAN_MS = 60_000;

type Attempt = {
  readonly from: 'release' | 'Debian';
  /** Leaves a nats-server in the folder; its path. Throws when that is not to be had this way. */
  readonly get: (folder: string, signal: AbortSignal) => Promise<string>;
  readonly patienceMs: number;
};

const attempts: readonly Attempt[] = [
  { from: 'release', get: release, patienceMs: RELEASE_MS },
  { from: 'Debian', get: debian, patienceMs: DEBIAN_MS },
];

/**
 * Brings a nats-server to `path`: the pinned release, else Debian's package, unpacked and not
 * installed, so that an ordinary user can. null when neither can be had; the log says why.
 */
export async function fetchNatsServer(options: {
  path: string;
  log: (line: string) => void;
  signal?: AbortSignal;
}): Promise<Attempt['from'] | null> {
  const { path, log, signal } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (const { from, get, patienceMs } of attempts) {
    const folder = await mkdtemp(`${path}-`);
    try {
      const late = AbortSignal.timeout(patienceMs);
      const got = await get(folder, signal === undefined ? late : AbortSignal.any([signal, late]));
      await chmod(got, 0o755);
      await rename(got, path);
      return from;
    } catch (error) {
      log(
        `nats-server could not be had from the ${from === 'release' ? 'release' : 'Debian package'}: ${reason(error)}`,
      );
      if (signal?.aborted === true) return null;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return null;
}

const reason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
};

async function release(folder: string, signal: AbortSignal): Promise<string> {
  const build = platform() === 'linux' ? RELEASE.sha256[arch()] : undefined;
  if (build === undefined) throw new Error(`there is no pinned build for ${platform()} ${arch()}`);
  const [name, sha256] = build;
  const archive = `nats-server-v${RELEASE.version}-linux-${name}`;
  const url = `https://github.com/nats-io/nats-server/releases/download/v${RELEASE.version}/${archive}.tar.gz`;
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256) throw new Error(`${url} has SHA-256 ${actual}, not ${sha256}`);
  const file = join(folder, 'release.tar.gz');
  await writeFile(file, bytes);
  await run('tar', ['-xzf', file, '-C', folder], { signal });
  return join(folder, archive, 'nats-server');
}

/** apt checks the signature of its index and the hash of what it downloads. */
async function debian(folder: string, signal: AbortSignal): Promise<string> {
  const options = { cwd: folder, signal };
  try {
    await run('apt-get', ['download', 'nats-server'], options);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw error;
    // The machine has no index of its packages (images of containers come without). One of our own
    // can be made by an ordinary user.
    const own = ['-o', `Dir::State::lists=${folder}/lists`, '-o', `Dir::Cache=${folder}/cache`];
    await Promise.all(
      ['lists/partial', 'cache/archives/partial'].map((name) =>
        mkdir(join(folder, name), { recursive: true }),
      ),
    );
    await run('apt-get', [...own, 'update'], options);
    await run('apt-get', [...own, 'download', 'nats-server'], options);
  }
  const name = (await readdir(folder)).find((entry) => entry.endsWith('.deb'));
  if (name === undefined) throw new Error('apt-get downloaded nothing');
  await run('dpkg-deb', ['-x', join(folder, name), join(folder, 'unpacked')], options);
  const got = join(folder, 'nats-server');
  await copyFile(join(folder, 'unpacked/usr/sbin/nats-server'), got);
  return got;
}
