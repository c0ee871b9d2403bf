import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { removeFolder } from './remove-folder.ts';

const root = join(import.meta.dirname, '../..');
// Inside the project, where "vitest" is found; the run below is told to look nowhere else.
const folder = mkdtempSync(join(root, 'node_modules/.pawprint-reporter-'));
afterAll(() => removeFolder(folder));

test('the last line counts tests, what broke outside of them, and names skipped ones', async () => {
  writeFileSync(
    join(folder, 'mixed.spec.ts'),
    `import { beforeAll, describe, expect, test } from 'vitest';
     test('passes', () => {});
     test('fails', () => expect(1).toBe(2));
     test('leaves out', (context) => context.skip('no docker here'));
     test.skip('forgotten', () => {});
     describe('a set-up that fails', () => {
       beforeAll(() => { throw new Error('no'); });
       test('never runs', () => {});
     });`,
  );
  writeFileSync(join(folder, 'broken.spec.ts'), `import './missing.ts';`);
  writeFileSync(
    join(folder, 'stray.spec.ts'),
    `import { test } from 'vitest';
     test('leaves a stray rejection', async () => {
       void Promise.reject(new Error('stray'));
       await new Promise((done) => setTimeout(done, 20));
     });`,
  );
  const { code, lines } = await run();
  // Failed: "fails", the set-up, the file that does not load, the stray rejection.
  expect(lines.at(-1)).toBe('2 passed, 4 failed, 3 skipped');
  expect(lines.filter((line) => line.startsWith('skipped: ')).toSorted()).toEqual([
    'skipped: a set-up that fails > never runs: its set-up failed',
    'skipped: forgotten: NO REASON GIVEN (use context.skip("why"))',
    'skipped: leaves out: no docker here',
  ]);
  expect(code).toBe(1);
});

test('a green run ends with its number and nothing else', async () => {
  for (const name of ['mixed', 'broken', 'stray']) rmSync(join(folder, `${name}.spec.ts`));
  writeFileSync(
    join(folder, 'green.spec.ts'),
    `import { test } from 'vitest'; test('one', () => {}); test('two', () => {});`,
  );
  const { code, lines } = await run();
  expect([code, lines.at(-1)]).toEqual([0, '2 passed, 0 failed']);
});

test('a global set-up that fails is not a green line', async () => {
  writeFileSync(join(folder, 'set-up.ts'), `export default () => { throw new Error('no disk'); };`);
  const { code, lines } = await run(`globalSetup: ['./set-up.ts'],`);
  expect([code, lines.at(-1)]).toEqual([1, '0 passed, 1 failed']);
});

async function run(more = ''): Promise<{ code: unknown; lines: string[] }> {
  const config = join(folder, 'vitest.config.ts');
  const reporter = join(import.meta.dirname, 'reporter.ts');
  writeFileSync(
    config,
    `export default { root: ${JSON.stringify(folder)}, test: {
       include: ['*.spec.ts'], exclude: [], ${more} pool: 'forks', maxWorkers: 1,
       reporters: ['default', ${JSON.stringify(reporter)}] } };`,
  );
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--config', config], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code, lines: output.trimEnd().split('\n') };
}
