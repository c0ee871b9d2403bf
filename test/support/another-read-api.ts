import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { freePort } from '../../embedded/free-port.ts';
import type { TestPlatform } from './platform.ts';

const addresses = z.object({ variables: z.record(z.string(), z.string()) });
const secrets = z.record(z.string(), z.string());

/** A second read API of a platform, in a process of its own: reads only, no projections. */
export async function startAnotherReadApi({ dataDir }: TestPlatform): Promise<{
  url: string;
  stop(): Promise<void>;
}> {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(dataDir, name), 'utf8'));
  const port = await freePort();
  const known = { ...addresses.parse(read('addresses.json')).variables };
  const child = fork(join(import.meta.dirname, '../../bin/role.ts'), ['--role', 'read-api'], {
    env: {
      ...process.env,
      ...secrets.parse(read('secrets.json')),
      ...known,
      READ_API_PORT: String(port),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const early = ended.then(([code]) => {
    throw new Error(`the second read API ended with ${String(code)}`);
  });
  await Promise.race([once(child, 'message'), early]);
  early.catch(() => {
    // From now on it ends when it is told to.
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      // The channel is the leash, as with every process of ours.
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
