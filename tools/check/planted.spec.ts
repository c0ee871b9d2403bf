import { expect, test } from 'vitest';
import { plantTree } from './_fixtures/tree.ts';
import { planted } from './planted.ts';

const bugs = (find: string) =>
  `export const bugs = [{ name: 'forgets', property: 'money', file: 'a.ts', find: '${find}', replace: 'b', spec: 'a.spec.ts' }];\n`;
const files = { 'a.ts': 'export const a = 1;\n', 'a.spec.ts': '' };

test('a bug without its place is red, and says what to run', async () => {
  await using tree = await plantTree({ ...files, 'test/planted/bugs/index.ts': bugs('gone') });
  const outcome = await planted.run(tree);
  expect(outcome).toMatchObject({ ok: false, advice: expect.stringContaining('--only <name>') });
  expect(outcome.output).toContain('  forgets: stands 0 times in a.ts: "gone"');
});

test('a property that no bug is planted against is red', async () => {
  await using tree = await plantTree({ ...files, 'test/planted/bugs/index.ts': bugs('= 1') });
  const { output } = await planted.run(tree);
  expect(output).not.toContain('forgets');
  expect(output).toContain('no bug is planted against no-oversell');
});

test('a tree without a table is red', async () => {
  await using tree = await plantTree(files);
  expect(await planted.run(tree)).toMatchObject({ ok: false, summary: 'no table' });
});
