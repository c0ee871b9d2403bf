import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { removeFolder } from '../../test/support/remove-folder.ts';
import { lockDataFolder } from './data-folder-lock.ts';

const parent = mkdtempSync(join(tmpdir(), 'pawprint-lock-'));
afterAll(() => removeFolder(parent));

test('a folder is locked once, by whatever path, and says who has it', async () => {
  const folder = join(parent, 'data');
  const lock = await lockDataFolder(folder);
  symlinkSync(folder, join(parent, 'another-name'));
  await expect(lockDataFolder(join(parent, 'another-name'))).rejects.toMatchObject({
    name: 'DataFolderInUse',
    pid: process.pid,
  });
  const other = await lockDataFolder(join(parent, 'other-data'));
  await lock.release();
  const again = await lockDataFolder(folder);
  await again.release();
  await other.release();
});

test('of many that ask at once, one gets it', async () => {
  const folder = join(parent, 'contended');
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataFolder(folder)));
  const locks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(locks).toHaveLength(1);
  await locks[0]?.release();
});

test('a killed owner leaves no lock behind, a stopped one keeps it', async () => {
  const folder = join(parent, 'killed');
  const source = `import { lockDataFolder } from ${JSON.stringify(join(import.meta.dirname, 'data-folder-lock.ts'))};
    await lockDataFolder(${JSON.stringify(folder)});
    process.stdout.write('locked');
    setInterval(() => undefined, 60_000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(owner.stdout, 'data');
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ pid: owner.pid });
  owner.kill('SIGSTOP');
  await expect(lockDataFolder(folder)).rejects.toMatchObject({ name: 'DataFolderInUse' });
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  const lock = await lockDataFolder(folder);
  await lock.release();
});
