import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ports } from '../../bin/start/ports.ts';
import { processesOf } from './processes.ts';
import { removeFolder } from './remove-folder.ts';

/** A part that can be killed, by the name of what it does. */
export type PartName = keyof typeof processOf;

/** Several roles and parts share a process. */
const processOf = {
  supervisor: 'supervisor',
  postgres: 'postgres',
  'event-store': 'event-store',
  'write-api': 'write-api',
  'read-api': 'read-api',
  projections: 'read-api',
  sagas: 'read-api',
  'stripe-sandbox': 'supervisor',
  mailbox: 'supervisor',
  nats: 'nats',
} as const;

export type TestPlatform = {
  writeUrl: string;
  readUrl: string;
  stripeUrl: string;
  mailboxUrl: string;
  eventStoreUrl: string;
  databaseUrl: string;
  /** The same database as an analyst. */
  analystUrl: string;
  adminEmail: string;
  adminPassword: string;
  dataDir: string;
  /** The pids of now: a restart changes them. */
  pids: Readonly<Record<string, number>>;
  /** Sends a signal to the process of a part. */
  kill(part: PartName, signal: NodeJS.Signals): void;
  /** Settles when the part is up with another pid than it had when this was called. */
  restarted(part: PartName, patienceMs?: number): Promise<number>;
  /** Everything the platform said, one JSON line each: for the message of a failed test. */
  lines: readonly string[];
  stop(): Promise<void>;
};

const readyLine = z.object({
  event: z.literal('ready'),
  writeUrl: z.url(),
  readUrl: z.url(),
  stripeUrl: z.url(),
  mailboxUrl: z.url(),
  eventStoreUrl: z.string(),
  databaseUrl: z.string(),
  analystUrl: z.string(),
  adminEmail: z.string(),
  secretsFile: z.string(),
  pids: z.record(z.string(), z.number()),
});
const partLine = z.object({
  event: z.literal('part'),
  part: z.string(),
  state: z.literal('ready'),
  pid: z.number(),
});
const secretsFile = z.object({ ADMIN_PASSWORD: z.string() });

/** Patience, not a promise: how long a part may take on a machine that others use as well. */
const RESTARTED_WITHIN_MS = 60_000;

/** A test that wants the bus names the server; none is fetched behind the back of another. */
const noBus = { NATS_SERVER: 'off' };

/** So that any number of platforms run side by side. */
export const anyFreePort: Readonly<Record<string, string>> = Object.fromEntries(
  Object.values(ports).map(({ variable }) => [variable, '0']),
);

/**
 * Starts the whole platform as `npm start` does, on free ports, in a folder of its own that is
 * removed at the end (not one that was handed in). It ends with this process.
 */
export async function startPlatform(
  options: {
    dataDir?: string;
    env?: Readonly<Record<string, string>>;
    /** Another copy of the repository to start; this one unless said otherwise. */
    root?: string;
  } = {},
): Promise<TestPlatform> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'pawprint-platform-'));
  const { root = join(import.meta.dirname, '../..') } = options;
  const script = join(root, 'bin/start.mjs');
  const child = spawn(process.execPath, [script, '--json', '--data', dataDir], {
    env: { ...process.env, ...anyFreePort, ...noBus, ...options.env },
    // The IPC channel is the leash: when it closes, the platform stops.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const lines: string[] = [];
  const pids: Record<string, number> = {};
  const waiting = new Set<() => void>();
  const ready = Promise.withResolvers<z.output<typeof readyLine>>();

  const read = (line: string) => {
    lines.push(line);
    const json = parseJson(line);
    const up = readyLine.safeParse(json);
    if (up.success) {
      Object.assign(pids, up.data.pids);
      ready.resolve(up.data);
    }
    const part = partLine.safeParse(json);
    if (part.success) pids[part.data.part] = part.data.pid;
    for (const wake of waiting) wake();
  };
  if (child.stdout) createInterface({ input: child.stdout }).on('line', read);
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const ended = once(child, 'exit');
  void ended.then(([code, signal]) => {
    const last = lines.slice(-40).join('\n');
    ready.reject(new Error(`the platform ended with ${signal ?? code}:\n${last}`));
  });

  const cleanUp = async () => {
    await stopChild(child, ended);
    // One that was killed did not wait for its children, and they still write.
    if (child.signalCode !== null) await untilNothingRuns(dataDir);
    if (options.dataDir === undefined) removeFolder(dataDir);
  };
  const up = await ready.promise.catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });
  const { ADMIN_PASSWORD } = secretsFile.parse(parseJson(readFileSync(up.secretsFile, 'utf8')));
  const { writeUrl, readUrl, stripeUrl, mailboxUrl, eventStoreUrl, databaseUrl } = up;
  const { analystUrl, adminEmail } = up;
  const pidOf = (part: PartName): number => {
    const pid = pids[processOf[part]];
    if (pid === undefined) throw new Error(`${part} does not run here:\n${JSON.stringify(pids)}`);
    return pid;
  };
  return {
    ...{ writeUrl, readUrl, stripeUrl, mailboxUrl, eventStoreUrl, databaseUrl },
    ...{ analystUrl, adminEmail, adminPassword: ADMIN_PASSWORD, dataDir, pids, lines },
    kill: (part, signal) => void process.kill(pidOf(part), signal),
    restarted(part, patienceMs = RESTARTED_WITHIN_MS) {
      const before = pidOf(part);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`${part} did not come back:\n${lines.slice(-20).join('\n')}`));
        }, patienceMs);
        const look = () => {
          if (pidOf(part) === before) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(pidOf(part));
        };
        waiting.add(look);
      });
    },
    stop: cleanUp,
  };
}

async function stopChild(child: ChildProcess, ended: Promise<unknown[]>): Promise<void> {
  if (child.connected) child.disconnect();
  // Longer than the supervisor's own patience with all its parts: this is for a bug in it.
  const timer = setTimeout(() => child.kill('SIGKILL'), 25_000);
  await ended;
  clearTimeout(timer);
}

const GONE_WITHIN_MS = 30_000;

async function untilNothingRuns(dataDir: string): Promise<void> {
  for (const since = performance.now(); ; await delay(50)) {
    const left = processesOf(dataDir);
    if (left.length === 0) return;
    if (performance.now() - since > GONE_WITHIN_MS) {
      throw new Error(`the platform leaves processes:\n${JSON.stringify(left, null, 1)}`);
    }
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not one of ours: it stays in `lines`.
    return undefined;
  }
}
