import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { hasCode } from '../../embedded/durable-file.ts';

/** CPU milliseconds (user and system) since the start of each group of processes. */
export type CpuTimes = Readonly<Record<string, number>>;

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

type Stat = { readonly parent: number; readonly ms: number };

/**
 * Fields 4 and 14 to 17 of /proc/<pid>/stat (proc(5)): what ended children used counts, once they
 * were waited for. Undefined when the process is gone.
 */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in brackets and may hold anything; what follows it does not.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), ms: (ticks * 1000) / TICKS_PER_SECOND };
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}

/** `postgres: postgres pawprint 127.0.0.1(5) idle` is a backend of `pawprint`; the rest are Postgres's own. */
function postgresGroup(pid: number): string {
  const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  const database = /^postgres: \S+ (\S+) \d+\.\d+\.\d+\.\d+\(/.exec(title)?.[1];
  return database === undefined ? 'postgres, its own' : `postgres, ${database}`;
}

/**
 * What each process of a platform has used so far; the backends of Postgres by their database, this
 * process (the load generator) as `load generator`. CPU time does not depend on who else is busy, as
 * a rate does. Its unit is a clock tick (10 ms): measure over seconds.
 */
export function cpuTimes(pids: Readonly<Record<string, number>>): CpuTimes {
  const times: Record<string, number> = {};
  const add = (group: string, ms: number): void => {
    times[group] = (times[group] ?? 0) + ms;
  };
  // Parts that share a process are listed under the first of them.
  const parts = new Map(
    Object.entries(pids)
      .map(([part, pid]) => [pid, part] as const)
      .reverse(),
  );
  for (const [pid, part] of parts) {
    if (part !== 'postgres') add(part, statOf(pid)?.ms ?? 0);
  }
  const postmaster = pids['postgres'];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isNaN(pid) || postmaster === undefined) continue;
    const stat = statOf(pid);
    if (stat === undefined) continue;
    if (pid === postmaster) add('postgres, its own', stat.ms);
    else if (stat.parent === postmaster) add(postgresGroup(pid), stat.ms);
  }
  const { user, system } = process.cpuUsage();
  add('load generator', (user + system) / 1000);
  return times;
}

/** What was used between two looks, per piece of work, groups in the order of their share. */
export function cpuPerPiece(
  before: CpuTimes,
  after: CpuTimes,
  pieces: number,
): readonly { readonly process: string; readonly ms: number }[] {
  return Object.entries(after)
    .map(([process, ms]) => ({ process, ms: (ms - (before[process] ?? 0)) / pieces }))
    .filter(({ ms }) => ms > 0)
    .sort((a, b) => b.ms - a.ms);
}
