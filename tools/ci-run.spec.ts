import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { plantTree } from './check/_fixtures/tree.ts';
import { runTool } from './check/step.ts';

const script = fileURLToPath(new URL('../.ci/run', import.meta.url));

/** Runs `.ci/run` in a tree whose `npm` says and does what is given per script. */
async function ci(npm: Readonly<Record<'ci' | 'check' | 'test' | 'faults', string>>) {
  await using tree = await plantTree({});
  await mkdir(join(tree.root, '.ci'));
  await cp(script, join(tree.root, '.ci/run'));
  await mkdir(join(tree.root, 'fake'));
  const cases = Object.entries(npm).map(([name, body]) => `  *" ${name} "*) ${body} ;;`);
  const text = `#!/bin/sh\ncase " $* " in\n${cases.join('\n')}\n  *) echo 11.0.0 ;;\nesac\n`;
  await writeFile(join(tree.root, 'fake/npm'), text);
  await chmod(join(tree.root, 'fake/npm'), 0o755);
  // Where it is missing, a test must not install it.
  await cp(join(tree.root, 'fake/npm'), join(tree.root, 'fake/strace'));
  // runTool puts node_modules/.bin first, which has no npm.
  const run = ['-c', 'PATH="$PWD/fake:$PATH" exec bash .ci/run'];
  const { code, output } = await runTool('bash', run, { cwd: tree.root });
  return { code, lines: output.trimEnd().split('\n') };
}

const fine = {
  ci: 'echo added',
  check: 'echo check: 7 passed, 0 failed',
  test: 'echo 90 passed, 0 failed',
  faults: 'echo 3 passed, 0 failed',
};

test('the last line sums all sections', async () => {
  const { code, lines } = await ci(fine);
  // 7 steps, 90 tests, 3 rounds of faults, and one each for the system and the installation.
  expect(lines.at(-1)).toBe('102 passed, 0 failed');
  expect(code).toBe(0);
});

test('a failed check does not keep the tests from running', async () => {
  const { code, lines } = await ci({ ...fine, check: 'echo check: 5 passed, 2 failed; exit 1' });
  expect(lines.at(-1)).toBe('100 passed, 2 failed');
  expect(code).toBe(1);
});

test('a test run that breaks without counting is a failure', async () => {
  const { code, lines } = await ci({ ...fine, test: 'echo 90 passed, 0 failed; exit 137' });
  expect(lines.at(-1)).toBe('102 passed, 1 failed');
  expect(code).toBe(1);
});

test('without an installation nothing else is tried', async () => {
  const { code, lines } = await ci({ ...fine, ci: 'echo broken lock >&2; exit 1' });
  expect(lines.join('\n')).not.toContain('== check');
  expect(lines.at(-1)).toBe('1 passed, 1 failed');
  expect(code).toBe(1);
});

test('what failed is told again at the end, and only that', async () => {
  const said = "echo '⎯⎯⎯ Failed Tests 1 ⎯⎯⎯'; echo FAIL some.spec.ts; echo 89 passed, 1 failed";
  const { lines } = await ci({ ...fine, test: `echo ✓ fine.spec.ts; ${said}; exit 1` });
  const end = lines.slice(lines.indexOf('== failed: test (exit 1)'));
  expect(end).toContain('FAIL some.spec.ts');
  expect(end).not.toContain('✓ fine.spec.ts');
  expect(end.join('\n')).not.toContain('check: 7 passed');
  expect(end.at(-1)).toBe('101 passed, 1 failed');
});

test('a failure that no test reports is told by the end of its output', async () => {
  const teardown = 'echo 90 passed, 0 failed; echo error during close ENOTEMPTY; exit 1';
  const { lines } = await ci({ ...fine, test: teardown });
  const end = lines.slice(lines.indexOf('== failed: test (exit 1)'));
  expect(end).toContain('error during close ENOTEMPTY');
  expect(end.at(-1)).toBe('102 passed, 1 failed');
});
