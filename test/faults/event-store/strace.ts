import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A process whose system calls are tampered with. */
export type Injection = {
  /** Settles when the process has ended (or was let go). */
  readonly over: Promise<unknown>;
  letGo(): void;
};

/** The kernel, or a missing program, does not let us at other processes. */
export class CannotTrace extends Error {
  override name = 'CannotTrace';
}

/**
 * Attaches strace to a process and settles when its system calls are watched. `inject` is in the
 * words of strace: `fsync,fdatasync:signal=KILL:when=3`. With `files` only calls on these are meant.
 */
export const inject = async (
  pid: number,
  rule: string,
  files: readonly string[] = [],
): Promise<Injection> => {
  const [calls = ''] = rule.split(':');
  const args = ['-p', String(pid), '-o', '/dev/null', '-e', `trace=${calls}`];
  const paths = files.flatMap((file) => ['-P', file]);
  const child = spawn('strace', [...args, ...paths, '-e', `inject=${rule}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const over = once(child, 'exit');
  await attached(child);
  return { over, letGo: () => void child.kill('SIGINT') };
};

const attached = (child: ChildProcess): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const said: string[] = [];
  child.once('error', (cause) => reject(new CannotTrace('strace could not be run', { cause })));
  if (child.stderr) {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      if (/Process \d+ attached/.test(line)) resolve();
    });
  }
  // After "attached" this has no effect any more.
  child.once('close', () => reject(new CannotTrace(said.join(' '))));
  return promise;
};

/** Why nothing can be traced here; undefined when it can. */
export const whyNoTracing = async (): Promise<string | undefined> => {
  if (spawnSync('strace', ['--version']).error !== undefined) return 'strace is not installed';
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    if (other.pid === undefined) return 'no process could be started to try strace on';
    const tried = await inject(other.pid, 'fsync:signal=KILL');
    tried.letGo();
    await tried.over;
    return undefined;
  } catch (error) {
    if (error instanceof CannotTrace) return `strace may not trace here: ${error.message}`;
    throw error;
  } finally {
    other.kill('SIGKILL');
  }
};
