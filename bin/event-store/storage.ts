import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../start/options.ts';

/** The database of the log, in every Postgres that we run ourselves. */
const DATABASE = 'event_store';

const url = z.string().regex(/^postgres(ql)?:\/\//, {
  error: 'is a URL: postgresql://user:password@host:port/database',
});

/** Where the events live, as options of a verb. */
export const storageOptions = {
  databaseUrl: url.optional().meta({
    description: 'the Postgres database of the events (or DATABASE_URL)',
    value: 'URL',
  }),
  data: z
    .string()
    .min(1, { error: 'expected a folder' })
    .optional()
    .meta({ description: 'a folder with a Postgres of its own instead', value: 'DIR' }),
};

export type StorageChoice =
  | { readonly kind: 'database'; readonly url: string }
  | { readonly kind: 'folder'; readonly folder: string };

/** What was said on the command line, else DATABASE_URL. */
export function storageOf(
  asked: { readonly databaseUrl?: string | undefined; readonly data?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): StorageChoice {
  const { databaseUrl, data } = asked;
  if (data !== undefined && databaseUrl !== undefined) {
    throw new UsageError('--data and --database-url exclude each other: say where the events live');
  }
  if (data !== undefined) return { kind: 'folder', folder: data };
  if (databaseUrl !== undefined) return { kind: 'database', url: databaseUrl };
  const inherited = env['DATABASE_URL'];
  if (!inherited) {
    throw new UsageError(
      'say where the events live: --database-url URL, DATABASE_URL or --data DIR',
    );
  }
  const parsed = url.safeParse(inherited);
  if (parsed.success) return { kind: 'database', url: parsed.data };
  throw new UsageError(`DATABASE_URL: ${parsed.error.issues[0]?.message}`);
}

export type Say = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void;
export type Storage = { readonly url: string; stop(): Promise<void> };

/** A Postgres of the node's own. When it dies it is started again, and the node reconnects. */
export async function ownPostgres(folder: string, log: Say): Promise<Storage> {
  const { startPostgres } = await import('../../embedded/postgres/index.ts');
  const { lockDataFolder } = await import('../../embedded/supervisor/index.ts');
  // Postgres would take one that runs here for a leftover, and end it.
  const lock = await lockDataFolder(folder);
  const start = (port: number) =>
    startPostgres({
      dataDir: folder,
      port,
      log: (line) => log('debug', 'postgres', { line }),
    });
  let postgres = await start(0);
  let stopping = false;
  const watch = (): void => {
    void postgres.exited.then(async ({ expected, code, signal }) => {
      if (expected || stopping) return;
      log('error', 'Postgres ended, starting it again', { code, signal });
      try {
        postgres = await start(postgres.port);
        if (stopping) await postgres.stop();
        else watch();
      } catch (error) {
        log('error', 'Postgres does not start again', { reason: String(error) });
        process.exit(1);
      }
    });
  };
  watch();
  return {
    url: await postgres.createDatabase(DATABASE),
    async stop() {
      stopping = true;
      await postgres.stop();
      await lock.release();
    },
  };
}

/**
 * The database of a log that is only looked at: through the Postgres that runs in the folder, where
 * a node is up, else through one that is started for the moment. The data folder of `npm start` has
 * its Postgres in a folder below.
 */
export async function storageToRead(choice: StorageChoice, log: Say): Promise<Storage> {
  if (choice.kind === 'database') return { url: choice.url, stop: async () => undefined };
  const { runningPostgres } = await import('../../embedded/postgres/running.ts');
  const below = join(choice.folder, 'postgres');
  const folder = existsSync(join(below, 'cluster')) ? below : choice.folder;
  if (!existsSync(join(folder, 'cluster'))) {
    throw new UsageError(`--data: there is no Postgres in ${choice.folder}`);
  }
  const running = await runningPostgres(folder);
  if (running !== undefined) return { url: running.url(DATABASE), stop: async () => undefined };
  return ownPostgres(folder, log);
}
