import { readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../durable-file.ts';

const steps: readonly { signal: NodeJS.Signals; patienceMs: number }[] = [
  { signal: 'SIGINT', patienceMs: 5_000 }, // the postmaster's "fast" shutdown
  { signal: 'SIGQUIT', patienceMs: 2_000 }, // "immediate": recovery at the next start
  { signal: 'SIGKILL', patienceMs: 2_000 },
];

/**
 * Ends what an earlier run left in the cluster's folder: a postmaster whose parent was killed, or
 * the backends of a killed postmaster, which keep its shared memory until they notice.
 *
 * `postmaster.pid` alone is not believed: after a crash its pid may belong to anybody. The proof is
 * the working directory, which for every process of a cluster is the cluster's folder.
 */
export async function stopLeftovers(cluster: string, log: (line: string) => void): Promise<void> {
  // Without their postmaster nobody makes them stop: to them the polite signal cancels a statement.
  for (const { signal, patienceMs } of hasPostmaster(cluster) ? steps : steps.slice(1)) {
    const left = processesIn(cluster);
    if (left.length === 0) break;
    log(`an earlier Postgres still runs here (pid ${left.join(', ')}): sending ${signal}`);
    for (const pid of left) sendSignal(pid, signal);
    const until = performance.now() + patienceMs;
    while (processesIn(cluster).length > 0 && performance.now() < until) await delay(25);
  }
  forgetForeignPid(cluster);
}

const pidFile = (cluster: string): string => join(cluster, 'postmaster.pid');

const pidIn = (cluster: string): string | undefined =>
  readText(pidFile(cluster))?.split('\n')[0]?.trim();

const hasPostmaster = (cluster: string): boolean =>
  processesIn(cluster).includes(Number(pidIn(cluster)));

/** The pids of live processes that work in this folder. */
export function processesIn(folder: string): number[] {
  const wanted = realPath(folder);
  if (wanted === undefined) return [];
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids
    .filter((pid) => workingDirectory(pid) === wanted && commandName(pid) === 'postgres')
    .map(Number);
}

/**
 * A pid file whose pid now belongs to another program makes Postgres refuse to start. A dead pid
 * stays: Postgres checks by itself, through the shared memory named in the file.
 */
function forgetForeignPid(cluster: string): void {
  const pid = pidIn(cluster);
  if (pid && commandName(pid) !== undefined && workingDirectory(pid) !== realPath(cluster)) {
    rmSync(pidFile(cluster), { force: true });
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

// Below: a process may end, or belong to another user, between two look-ups. Either way it is not
// one that works in our folder, which "undefined" says.

function workingDirectory(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function commandName(pid: string): string | undefined {
  return readText(`/proc/${pid}/comm`)?.trim();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
