import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, '../start.mjs');

test('another Node is named, with what to do', () => {
  const disguise = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})`;
  const { status, stderr } = spawnSync(process.execPath, ['--import', disguise, script], {
    encoding: 'utf8',
  });
  expect(stderr).toContain('Pawprint needs Node 26; this is Node 20.20.2.');
  expect(stderr).toContain('npm start');
  expect(status).toBe(1);
});

test('--help says how, and ends with 0', () => {
  const { status, stdout } = spawnSync(process.execPath, [script, '--help'], { encoding: 'utf8' });
  expect(stdout).toContain('npm start -- --data DIR');
  expect(status).toBe(0);
});
