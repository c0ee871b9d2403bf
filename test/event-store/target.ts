/**
 * What the contract runs against: our node in one of its modes, or with EVENTSTORE_CONTRACT_URL a
 * server that is running already (a real EventStoreDB 24.6 on an insecure port).
 */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startEventStoreNode } from '../../embedded/event-store/index.ts';
import { startNodeChild } from '../../embedded/supervisor/node-child.ts';
import { createTestDatabase } from '../support/database.ts';

export const givenServer = process.env['EVENTSTORE_CONTRACT_URL'];

export type Target = {
  /** esdb://host:port?tls=false; another one after a restart */
  readonly url: string;
  readonly remembers: boolean;
  readonly ours: boolean;
  /** What happens between the writes of all cases and the looks at them. */
  between?(): Promise<void>;
  close(): Promise<void>;
};

/** A fresh node, or the server that is given. */
export const openFresh = async (): Promise<Target> =>
  givenServer === undefined
    ? await openInProcess({})
    : { url: givenServer, remembers: true, ours: false, close: async () => undefined };

/** A node that remembers nothing it could look up. */
export const openWithoutCaches = async (): Promise<Target> => ({
  ...(await openInProcess({ caches: { streams: 0, ids: 0 }, live: { maxEvents: 0, maxBytes: 0 } })),
  remembers: false,
});

const openInProcess = async (
  options: Pick<Parameters<typeof startEventStoreNode>[0], 'caches' | 'live'>,
): Promise<Target> => {
  const database = await createTestDatabase();
  const node = await startEventStoreNode({ databaseUrl: database.url, ...options });
  return {
    url: node.url,
    remembers: true,
    ours: true,
    async close() {
      await node.stop();
      await database.drop();
    },
  };
};

const script = fileURLToPath(new URL('../../bin/event-store.ts', import.meta.url));
const ignore = (): void => undefined;
const readyMessage = z.object({ url: z.string() });

/** A node in a process of its own, which is killed in between and started again. */
export const openRestarted = async (): Promise<Target> => {
  const database = await createTestDatabase();
  const start = () =>
    startNodeChild({
      script,
      args: ['--port', '0', '--database-url', database.url],
      ready: readyMessage,
      context: { signal: new AbortController().signal, log: ignore, attempt: 1 },
      onLine: ignore,
    });
  let node = await start();
  return {
    get url() {
      return node.value.url;
    },
    remembers: false,
    ours: true,
    async between() {
      if (node.kill === undefined) throw new Error('the process cannot be killed');
      node.kill('SIGKILL');
      await node.exited;
      node = await start();
    },
    async close() {
      await node.stop();
      await database.drop();
    },
  };
};
