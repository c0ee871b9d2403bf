import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EventStoreDBClient } from '@eventstore/db-client';
import { LARGE_BLOCKS } from '../../../bin/event-store/heap.ts';

/** A node that runs as a process of its own, and the official client connected to it. */
export type RunningNode = {
  readonly url: string;
  readonly pid: number;
  readonly client: EventStoreDBClient;
  /** From the start of the process to its READY line. */
  readonly readyMs: number;
  stop(): Promise<void>;
};

const SERVE = join(import.meta.dirname, '../../../bin/event-store.ts');
const IN_MEMORY = join(import.meta.dirname, 'memory-node.ts');
const USUAL = / info |^info /;

/** As people start it; `databaseUrl` is the log. */
export const startDurable = (databaseUrl: string): Promise<RunningNode> =>
  start(SERVE, ['--database-url', databaseUrl, '--port', '0']);

/** The same node with its log in memory. */
export const startInMemory = (): Promise<RunningNode> => start(IN_MEMORY, []);

async function start(script: string, args: readonly string[]): Promise<RunningNode> {
  const begun = performance.now();
  const child = fork(script, [...args], {
    silent: true,
    env: { ...process.env, ...LARGE_BLOCKS },
  });
  const { stdout, stderr, pid } = child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error('no process');
  createInterface(stderr).on('line', (line) => {
    if (!USUAL.test(line)) console.error(`node ${pid}: ${line}`);
  });
  const ended = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface(stdout), 'line').then(([text]) => String(text)),
    ended.then(([code]) => `it ended with ${code}`),
  ]);
  const readyMs = performance.now() - begun;
  const url = /^READY (.+)$/.exec(line)?.[1];
  if (url === undefined) throw new Error(`the event store node did not start: ${line}`);
  const client = EventStoreDBClient.connectionString(url);
  return {
    ...{ url, pid, client, readyMs },
    async stop() {
      await client.dispose();
      child.disconnect();
      await ended;
    },
  };
}

/** Resident memory of a process now, in MB (10^6 bytes); proc(5) counts KiB. */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} is gone`);
  return (Number(kib) * 1024) / 1_000_000;
}
