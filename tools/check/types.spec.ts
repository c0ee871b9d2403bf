import { expect, test } from 'vitest';
import { plantTree } from './_fixtures/tree.ts';
import { types } from './types.ts';

test('a type error is red and names its place', async () => {
  await using tree = await plantTree({ 'platform/a.ts': "export const a: number = 'a';\n" });
  const outcome = await types.run(tree);
  expect(outcome).toMatchObject({ ok: false, summary: '1 error' });
  expect(outcome.output).toContain('platform/a.ts(1,14)');
});
