import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '../start/options.ts';
import { DATABASE, ownPostgres, type Say, type Storage } from './own-postgres.ts';

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
