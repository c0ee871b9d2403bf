import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { runTool } from '../../tools/check/step.ts';
import { bugs } from './_fixtures/bugs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const runner = fileURLToPath(new URL('run.ts', import.meta.url));
const table = fileURLToPath(new URL('_fixtures/bugs.ts', import.meta.url));
const scratches = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('pawprint-planted-'));

process.env['TEST_POSTGRES_URL'] ??= inject('postgresUrl');
const run = (...args: string[]) =>
  runTool('node', [runner, '--table', table, '--lanes', '1', ...args], { cwd: root });

test('each verdict is told, nothing of a bug is left, and the tree was never touched', async () => {
  const before = scratches();
  const source = await readFile(join(root, 'domain/seating/line.ts'), 'utf8');
  const { code, stdout } = await run('--json');
  const judged = JSON.parse(stdout) as { name: string; is: string }[];
  expect(Object.fromEntries(judged.map(({ name, is }) => [name, is]))).toEqual({
    'is-seen': 'seen',
    'is-not-seen': 'not-seen',
    'crashes-its-import': 'otherwise',
    'is-red-with-other-words': 'otherwise',
    'is-red-before': 'unsound',
  });
  expect(code).toBe(1);
  expect(scratches()).toEqual(before);
  expect(await readFile(join(root, 'domain/seating/line.ts'), 'utf8')).toBe(source);
});

test('all bugs seen is 0, and the last line counts', async () => {
  const { code, output } = await run('--only', 'is-seen');
  expect(output.split('\n').at(-1)).toBe('1 passed, 0 failed');
  expect(code).toBe(0);
});

test('a bug that is not there and an option that is not are 2; --list runs nothing', async () => {
  expect(await run('--only', 'no-such-bug')).toMatchObject({ code: 2 });
  expect(await run('--hurry')).toMatchObject({ code: 2 });
  const listed = await run('--list', '--json');
  expect(JSON.parse(listed.stdout)).toHaveLength(bugs.length);
});
