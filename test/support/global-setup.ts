import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { hasCode } from '../../embedded/durable-file.ts';
import { startPostgres } from '../../embedded/postgres/index.ts';
import { stopLeftovers } from '../../embedded/postgres/leftovers.ts';
import { removeFolder } from './remove-folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the run's Postgres (its `postgres` database, as superuser). */
    postgresUrl: string;
  }
}

const prefix = 'pawprint-test-';

/**
 * One Postgres per run, or the one of TEST_POSTGRES_URL (as a superuser); `createTestDatabase()` makes
 * fresh databases in it. And one cache of compiled code: workers and platforms each begin with the
 * same modules.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeStaleFolders();
  const dataDir = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  process.env['NODE_COMPILE_CACHE'] ??= join(dataDir, 'compile-cache');
  const given = process.env['TEST_POSTGRES_URL'];
  if (given !== undefined) {
    project.provide('postgresUrl', given);
    return async () => removeFolder(dataDir);
  }
  const lines: string[] = [];
  const postgres = await startPostgres({
    dataDir,
    durability: 'none',
    settings: { max_connections: '300', shared_buffers: '64MB' },
    log: (line) => lines.push(line),
  });
  project.provide('postgresUrl', postgres.url('postgres'));
  void postgres.exited.then(({ expected, code, signal }) => {
    if (expected) return;
    console.error(`The tests' Postgres ended (${signal ?? code}):\n${lines.slice(-20).join('\n')}`);
  });
  return async () => {
    await postgres.stop();
    removeFolder(dataDir);
  };
}

/** A run that was killed could not clean up: its folder carries its pid. */
async function removeStaleFolders(): Promise<void> {
  for (const entry of readdirSync(tmpdir())) {
    const pid = entry.startsWith(prefix) ? Number(entry.slice(prefix.length).split('-')[0]) : 0;
    if (pid === 0 || Number.isNaN(pid) || isAlive(pid)) continue;
    const folder = join(tmpdir(), entry);
    await stopLeftovers(join(folder, 'cluster'), () => undefined);
    removeFolder(folder);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, but somebody else's.
    return hasCode(error, 'EPERM');
  }
}
