import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export type Said = { readonly code: number | null; readonly out: string; readonly err: string };

/** What a person types, and what comes back. Nothing of this process's environment gets in. */
export async function ops(
  args: readonly string[],
  options: { data?: string; env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<Said> {
  const script = join(import.meta.dirname, '../../bin/ops.ts');
  const child = spawn(process.execPath, [script, ...args], {
    env: {
      PATH: process.env['PATH'],
      ...(options.data === undefined ? {} : { DATA_DIR: options.data }),
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(options.input ?? '');
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  const [out, err] = await said;
  return { code, out, err };
}
