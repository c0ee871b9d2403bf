import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { CrashMoment } from '../../platform/crash-points/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import { createTestDatabase } from '../../test/support/database.ts';
import { batchOf, databaseAfter } from '../_fixtures/applied.ts';
import { season } from '../_fixtures/season.ts';
import { projections } from '../index.ts';
import { dumpProjection } from './dump.ts';
import { openGroup } from './group.ts';
import { prepareShadow, rebuildProgress, requestRebuild, shadowOf } from './rebuild.ts';
import { prepareReadModels } from './schema.ts';

const script = fileURLToPath(new URL('../_fixtures/rebuild-season.ts', import.meta.url));
const history = season();
const shadows = projections.map((definition) => shadowOf(definition));

const hashesIn = async (pool: Pool) =>
  (await Promise.all(projections.map((definition) => dumpProjection(pool, definition))))
    .flat()
    .map(({ table, rows, sha256 }) => `${table} ${rows} ${sha256}`);

/** Builds until its process dies, by kill -9 at a moment of the commit in the middle. */
async function killedInTheMiddle(url: string, size: number, moment: CrashMoment): Promise<void> {
  const middle = Math.floor(Math.ceil(history.length / size) / 2) + 1;
  const at = `projections.commit.${moment}:${middle}`;
  const child = spawn(process.execPath, [script, url, String(size), at], { stdio: 'inherit' });
  const [code, signal] = await once(child, 'exit');
  expect([code, signal], 'it ended before the middle').toEqual([null, 'SIGKILL']);
}

test.each([
  [1, 'before'],
  [7, 'sent'],
  [500, 'replied'],
  [500, 'before'],
] as const)(
  'every projection that is built again in batches of %i, and killed in the middle (%s), is what it was live',
  async (size, moment) => {
    const expected = await databaseAfter(history);
    const database = await createTestDatabase();
    const pool = createPool({ url: database.url, name: 'spec' });
    const session = async () =>
      openGroup({
        url: database.url,
        definitions: [...projections, ...shadows],
        log: createLogger({ level: 'silent', name: 'spec' }),
        stopping: new AbortController().signal,
        readEvents: async () => [],
      });
    try {
      await prepareReadModels(pool, projections);
      const ids: number[] = [];
      for (const one of projections) ids.push((await requestRebuild(pool, one)).id);
      for (const shadow of shadows) await prepareShadow(pool, shadow);
      await killedInTheMiddle(database.url, size, moment);
      const handled = (await rebuildProgress(pool, ids[0] ?? 0))?.handled ?? 0;
      expect(handled).toBeGreaterThanOrEqual(Math.min(size, history.length / 2));
      // What it built says nothing to the tables that queries read: they are empty so far.
      expect(await hashesIn(pool)).not.toEqual(await hashesIn(expected.pool));

      const again = await session();
      for (let at = 0; at < history.length; at += size) {
        const batch = history.slice(at, at + size);
        await again.apply(batchOf(batch, at + size >= history.length));
      }
      expect(again.members.map(({ definition }) => definition)).toEqual(projections);
      await again.close();
      const ended = await Promise.all(ids.map((id) => rebuildProgress(pool, id)));
      expect(ended.map((one) => one?.changed)).toEqual(ended.map(() => 0));
      expect(await hashesIn(pool)).toEqual(await hashesIn(expected.pool));
    } finally {
      await pool.end();
      await database.drop();
      await expected.drop();
    }
  },
  60_000,
);
