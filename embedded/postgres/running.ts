import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../durable-file.ts';
import { superuser } from './cluster.ts';
import { processesIn } from './leftovers.ts';

/** Line of postmaster.pid that holds the port. */
const PORT_LINE = 3;

const read = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/**
 * The Postgres that somebody else runs in this data folder: the connection string of a database of
 * it, by name. Undefined where none runs, or it is still starting.
 */
export async function runningPostgres(
  dataDir: string,
): Promise<{ url(database: string): string } | undefined> {
  const cluster = join(dataDir, 'cluster');
  if (processesIn(cluster).length === 0) return undefined;
  const port = (await read(join(cluster, 'postmaster.pid')))?.split('\n')[PORT_LINE]?.trim();
  const password = (await read(join(dataDir, 'password')))?.trim();
  if (!port || !password) return undefined;
  return {
    url: (database) =>
      `postgresql://${superuser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
  };
}
