/**
 * A small platform for specs: real Postgres, one child process that needs it, in the data folder
 * given. Says one JSON line per event.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { hasSetpriv } from '../../postgres/guard.ts';
import { startPostgres } from '../../postgres/index.ts';
import {
  createSupervisor,
  definePart,
  endsWithParent,
  lockDataFolder,
  runUntilAsked,
  startNodeChild,
} from '../index.ts';

const [dataDir = '', mode = 'obedient', setpriv = 'true'] = process.argv.slice(2);
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  await lockDataFolder(dataDir);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}

const postgres = definePart({
  name: 'postgres',
  title: 'Postgres',
  async start() {
    const server = await startPostgres({
      dataDir: join(dataDir, 'postgres'),
      durability: 'none',
    });
    const { pid, exited, stop, kill } = server;
    return { value: server, pid, exited, stop, kill };
  },
});
const child = definePart({
  name: 'child',
  title: 'child',
  needs: [postgres],
  start: (context) =>
    startNodeChild({
      script: join(import.meta.dirname, 'child.ts'),
      env: { MODE: mode },
      ready: z.object({}),
      context,
      onLine: context.log,
      wrap: endsWithParent(setpriv === 'true' && hasSetpriv()),
    }),
});

const supervisor = createSupervisor({ parts: [postgres, child], onEvent: say });
process.exit(
  await runUntilAsked(supervisor, {
    onUp: async () => {
      say({ type: 'up' });
      return undefined;
    },
    onStopping: (reason) => void say({ type: 'stop', reason }),
    onError: (error) => void say({ type: 'error', message: String(error) }),
  }),
);
