import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Exit, PartContext, Running } from './part.ts';

/** A child process ended, or kept silent, before it said that it is ready. */
export class ChildNotReady extends Error {
  override name = 'ChildNotReady';
}

type NodeChildOptions<Value> = {
  script: string;
  args?: readonly string[];
  /** Flags of Node itself, for what may not stand in `NODE_OPTIONS`. */
  nodeFlags?: readonly string[];
  /** On top of our own environment. */
  env?: Readonly<Record<string, string>>;
  /** What its `{ type: 'ready', … }` message has to look like; becomes the part's value. */
  ready: z.ZodType<Value>;
  readyPatienceMs?: number;
  context: PartContext;
  /** Every line it writes. */
  onLine: (line: string) => void;
  /** Program and arguments in front of Node, see {@link endsWithParent}. */
  wrap?: readonly string[];
};

const readyMessage = z.looseObject({ type: z.literal('ready') });

/**
 * Starts a script in a Node process of its own and waits for its ready message. The child is
 * detached, so that a terminal's Ctrl-C reaches the supervisor alone, and ends when the IPC channel
 * closes: that is how it is stopped, and how it ends when we are killed.
 */
export async function startNodeChild<Value>(
  options: NodeChildOptions<Value>,
): Promise<Running<Value>> {
  const { context, onLine } = options;
  const [command = process.execPath, ...args] = [
    ...(options.wrap ?? []),
    ...[process.execPath, ...(options.nodeFlags ?? []), options.script, ...(options.args ?? [])],
  ];
  const child = spawn(command, args, {
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lastLines = followLines(child, onLine);
  const exited = exitOf(child);

  const { promise: ready, resolve, reject } = Promise.withResolvers<Value>();
  child.on('error', (cause) => reject(new ChildNotReady('it could not be run', { cause })));
  child.on('message', (message) => {
    if (!readyMessage.safeParse(message).success) return;
    const parsed = options.ready.safeParse(message);
    if (parsed.success) resolve(parsed.data);
    else reject(new ChildNotReady(`unusable ready message: ${z.prettifyError(parsed.error)}`));
  });
  const endedEarly = exited.then(({ code, signal }) =>
    reject(new ChildNotReady(`ended with ${signal ?? code}:\n${lastLines.join('\n')}`)),
  );
  const cancel = new AbortController();
  const patienceMs = options.readyPatienceMs ?? 60_000;
  const giveUp = () => reject(new ChildNotReady('the start was given up'));
  context.signal.addEventListener('abort', giveUp, { once: true });
  const late = delay(patienceMs, undefined, { signal: cancel.signal }).then(
    () => reject(new ChildNotReady(`not ready after ${patienceMs} ms:\n${lastLines.join('\n')}`)),
    () => undefined,
  );

  try {
    const value = await ready;
    const handle = { value, exited, stop: () => stopChild(child, exited) };
    const kill = (signal: NodeJS.Signals) => void child.kill(signal);
    return child.pid === undefined ? { ...handle, kill } : { ...handle, kill, pid: child.pid };
  } catch (error) {
    if (child.pid !== undefined) {
      await stopChild(child, exited);
      await endedEarly;
    }
    throw error;
  } finally {
    cancel.abort();
    await late;
    context.signal.removeEventListener('abort', giveUp);
  }
}

/** After "disconnect" a child has this long to finish its work, after SIGTERM this long again. */
const politenessMs = 4_000;

async function stopChild(child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  if (child.connected) child.disconnect();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const cancel = new AbortController();
    const late = delay(politenessMs, 'late', { signal: cancel.signal }).catch(() => 'cancelled');
    const outcome = await Promise.race([exited, late]);
    cancel.abort();
    if (outcome !== 'late') return;
    child.kill(signal);
  }
  await exited;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  // "exit", not "close": a grandchild that inherited a pipe must not hold us up. When the program
  // could not be run at all there is only "error".
  child.on('exit', (code, signal) => resolve({ code, signal }));
  child.on('error', () => {
    if (child.pid === undefined) resolve({ code: null, signal: null });
  });
  return promise;
}

/** The last lines it wrote, kept for the message of a failed start. */
function followLines(child: ChildProcess, onLine: (line: string) => void): string[] {
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > 25) lastLines.shift();
      onLine(line);
    });
  }
  return lastLines;
}

/**
 * In front of a child's command line: the kernel kills it when we are gone, also one that is
 * stopped or too busy to notice that its IPC channel closed. Empty where setpriv is missing.
 */
export function endsWithParent(setprivAvailable: boolean): readonly string[] {
  return setprivAvailable ? ['setpriv', '--pdeathsig', 'KILL'] : [];
}
