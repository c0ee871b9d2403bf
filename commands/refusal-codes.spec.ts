import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refusalTable } from './_runtime/refusals.ts';

it('has a status and a sentence for every code that a decision can refuse with', () => {
  const root = join(import.meta.dirname, '..');
  const sources = globSync(['domain/*/*.ts', 'commands/**/*.ts'], { cwd: root }).filter(
    (file) => !file.endsWith('.spec.ts') && !file.includes('_runtime'),
  );
  const codes = sources.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/rejected\(\s*'([a-z-]+)'/g)].map(
      ([, code]) => code ?? '',
    ),
  );
  expect(codes.length).toBeGreaterThan(30);
  expect([...new Set(codes)].filter((code) => !(code in refusalTable))).toEqual([]);
});
