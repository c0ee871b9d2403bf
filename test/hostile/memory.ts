import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** MiB that a process has in memory (its RSS), by the name of the process. */
export type Memory = Readonly<Record<string, number>>;

const IDLE_MS = 500;
const LOOKS = 10;

/**
 * Resident memory of each process, at rest: the least of some looks, because a collector that has not
 * run yet is no growth.
 */
export async function memoryOf(pids: Readonly<Record<string, number>>): Promise<Memory> {
  const least: Record<string, number> = {};
  for (let look = 0; look < LOOKS; look += 1) {
    for (const [name, pid] of Object.entries(pids)) {
      const now = residentMiB(pid);
      least[name] = Math.min(least[name] ?? now, now);
    }
    await delay(IDLE_MS);
  }
  return least;
}

export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib ?? 0) / 1024);
}

/** A collector keeps some of what it once had; more than this is kept by somebody. */
const TOLERATED = { share: 0.25, mib: 32 };

/** The processes that grew, as sentences. */
export function memoryGrowth(before: Memory, after: Memory): string[] {
  return Object.entries(after).flatMap(([name, mib]) => {
    const was = before[name] ?? mib;
    const most = was + Math.max(TOLERATED.mib, was * TOLERATED.share);
    return mib > most ? [`${name} grew from ${was} to ${mib} MiB while it refused`] : [];
  });
}
