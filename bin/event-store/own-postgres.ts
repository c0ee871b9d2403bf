import { setTimeout as delay } from 'node:timers/promises';
import type { EmbeddedPostgres } from '../../embedded/postgres/index.ts';

export type Say = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;
export type Storage = { readonly url: string; stop(): Promise<void> };

/** The database of the log, in every Postgres that we run ourselves. */
export const DATABASE = 'event_store';

const RETRY_MS = { first: 100, most: 1_000 };

/** Postgres says why in several lines; a line of ours is one. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' | ');

/**
 * A Postgres of the node's own. When it ends it is started again, and the node reconnects; when it
 * cannot start (its disk is full) that is tried until it can, so that the node outlives it.
 */
export async function ownPostgres(folder: string, log: Say): Promise<Storage> {
  const { startPostgres } = await import('../../embedded/postgres/index.ts');
  const { lockDataFolder } = await import('../../embedded/supervisor/index.ts');
  // Postgres would take one that runs here for a leftover, and end it.
  const lock = await lockDataFolder(folder);
  const start = (port: number) =>
    startPostgres({
      ...{ dataDir: folder, port },
      log: (line) => log('debug', 'postgres', { line }),
    });
  const stopping = new AbortController();
  const { signal: over } = stopping;
  let postgres = await start(0);
  const { port } = postgres;

  const startAgain = async (): Promise<EmbeddedPostgres | undefined> => {
    for (let wait = RETRY_MS.first; !over.aborted; wait = Math.min(wait * 2, RETRY_MS.most)) {
      try {
        return await start(port);
      } catch (error) {
        log('error', 'Postgres does not start, trying again', { reason: reasonOf(error) });
        // Stopped while it waits: the loop sees it.
        await delay(wait, undefined, { signal: over }).catch(() => undefined);
      }
    }
    return undefined;
  };
  const supervise = async (): Promise<void> => {
    for (;;) {
      const { code, signal } = await postgres.exited;
      if (over.aborted) return;
      log('error', 'Postgres ended, starting it again', { code, signal });
      const next = await startAgain();
      if (next === undefined) return;
      postgres = next;
      if (over.aborted) await postgres.stop();
    }
  };
  const supervising = supervise();

  return {
    url: await postgres.createDatabase(DATABASE),
    async stop() {
      stopping.abort();
      await postgres.stop();
      await supervising;
      await lock.release();
    },
  };
}
