/** Starts the node to be shot at, and asks it how it is. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LARGE_BLOCKS } from '../../bin/event-store/heap.ts';

const script = fileURLToPath(new URL('./node.ts', import.meta.url));
const READY_MS = 60_000;
/** Beyond the longest pause that shots have ever caused; a node that is silent for longer hangs. */
const LOOK_MS = 60_000;

const ready = z.object({ type: z.literal('ready'), host: z.string(), port: z.number() });
const looked = z.object({
  type: z.literal('looked'),
  rss: z.number(),
  heapUsed: z.number(),
  external: z.number(),
  arrayBuffers: z.number(),
  /** open file descriptors */
  handles: z.number(),
  connections: z.number(),
  calls: z.number(),
  followers: z.number(),
});
export type Look = Omit<z.infer<typeof looked>, 'type'>;

export type NodeProcess = {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** How it ended, once it has: "exit code 1", with its last lines. */
  readonly ended: () => string | undefined;
  /** Memory after a collection, and what is open. */
  look(): Promise<Look>;
  stop(): Promise<void>;
};

export const startNodeProcess = async (databaseUrl: string): Promise<NodeProcess> => {
  const child = fork(script, [databaseUrl], {
    silent: true,
    env: { ...process.env, ...LARGE_BLOCKS },
  });
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    output?.on('data', (chunk: Buffer) => {
      lines.push(chunk.toString());
      if (lines.length > 50) lines.shift();
    });
  }
  let ended: string | undefined;
  const exited = once(child, 'exit').then(([code, signal]) => {
    ended = `${signal ?? `exit code ${code}`}\n${lines.join('').trimEnd()}`;
  });

  const answer = async <T>(schema: z.ZodType<T>, patienceMs: number): Promise<T> => {
    const patience = AbortSignal.timeout(patienceMs);
    const found = await Promise.race([
      once(child, 'message', { signal: patience }).catch((cause: unknown) => {
        throw new Error(`the node did not answer for ${patienceMs} ms`, { cause });
      }),
      exited,
    ]);
    if (found === undefined) throw new Error(`the node has ended: ${ended}`);
    return schema.parse(found[0]);
  };

  try {
    const { host, port } = await answer(ready, READY_MS);
    return {
      host,
      port,
      pid: child.pid ?? 0,
      ended: () => ended,
      async look() {
        if (ended !== undefined) throw new Error(`the node has ended: ${ended}`);
        child.send('look');
        return await answer(looked, LOOK_MS);
      },
      async stop() {
        if (child.connected) child.disconnect();
        await exited;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
};
