import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../durable-file.ts';

const steps: readonly { signal: NodeJS.Signals; patienceMs: number }[] = [
  { signal: 'SIGINT', patienceMs: 5000 },
  { signal: 'SIGKILL', patienceMs: 2000 },
];

/**
 * Ends a server that an earlier run left on this configuration. Two on one store would ruin it, and
 * nats-server itself does not look; the proof is the configuration file among its arguments.
 */
export async function stopLeftover(config: string, log: (line: string) => void): Promise<void> {
  for (const { signal, patienceMs } of steps) {
    const left = serversOf(config);
    if (left.length === 0) return;
    log(`an earlier nats-server still runs here (pid ${left.join(', ')}): sending ${signal}`);
    for (const pid of left) sendSignal(pid, signal);
    const until = performance.now() + patienceMs;
    while (serversOf(config).length > 0 && performance.now() < until) await delay(25);
  }
}

/** The pids of live servers that were started with this configuration. */
export function serversOf(config: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids
    .filter((pid) => {
      const args = argumentsOf(pid);
      const at = args.indexOf('--config');
      return at > 0 && args[at + 1] === config && /nats-server[^/]*$/.test(args[at - 1] ?? '');
    })
    .map(Number);
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It ended meanwhile, or belongs to another user: either way it is not one of ours.
    return [];
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
