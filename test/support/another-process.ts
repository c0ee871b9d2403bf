import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../../embedded/free-port.ts';
import type { TestPlatform } from './platform.ts';

const addresses = z.object({ variables: z.record(z.string(), z.string()) });
const secrets = z.record(z.string(), z.string());

const portVariables = { 'read-api': 'READ_API_PORT', 'write-api': 'WRITE_API_PORT' } as const;

/** A second process of a role beside the platform's own, on a port of its own. */
export type AnotherProcess = {
  readonly url: string;
  /** `kill -9` and a new process on the same port; resolves when it answers. */
  killAndStart(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * A read API by itself: reads only, no projections. A write API: everything that one does.
 * `variables`: where it finds everything, if not where a platform that was started says.
 */
export async function startAnother(
  role: keyof typeof portVariables,
  { dataDir }: Pick<TestPlatform, 'dataDir'>,
  variables?: Readonly<Record<string, string>>,
): Promise<AnotherProcess> {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(dataDir, name), 'utf8'));
  const port = await freePort();
  const env = {
    ...process.env,
    ...secrets.parse(read('secrets.json')),
    ...(variables ?? addresses.parse(read('addresses.json')).variables),
    [portVariables[role]]: String(port),
  };
  let child = await startRole(role, env);
  return {
    url: `http://127.0.0.1:${port}`,
    killAndStart: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      child = await startRole(role, env);
    },
    stop: async () => {
      const runs = child.exitCode === null && child.signalCode === null;
      const ended = runs ? once(child, 'exit') : undefined;
      // The channel is the leash, as with every process of ours.
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

async function startRole(role: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, '../../bin/role.ts'), ['--role', role], {
    env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const early = once(child, 'exit').then(([code]) => {
    throw new Error(`the second ${role} ended with ${String(code)}`);
  });
  await Promise.race([once(child, 'message'), early]);
  early.catch(() => {
    // From now on it ends when it is told to.
  });
  return child;
}
