import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

const script = join(import.meta.dirname, '../../bin/event-store.ts');
const environment = { PATH: process.env['PATH'] };

export type Said = { readonly code: number | null; readonly out: string; readonly err: string };

/** `npm run event-store -- …` to its end, with nothing of this process's environment. */
export async function eventStore(...args: readonly string[]): Promise<Said> {
  return ended(start(args));
}

export function start(args: readonly string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  return spawn(process.execPath, [script, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function ended(child: ChildProcess): Promise<Said> {
  if (child.stdout === null || child.stderr === null) throw new Error('no pipes');
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  const [out, err] = await said;
  return { code, out, err };
}

/** A node of its own process, up to its READY line. */
export async function serving(...args: readonly string[]) {
  const child = start(['serve', '--port', '0', ...args]);
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const url = /^READY (\S+)$/.exec(line)?.[1];
  if (url === undefined) throw new Error(line);
  return {
    url,
    /** What it has logged. */
    errors: () => errors,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
