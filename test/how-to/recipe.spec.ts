import { expect, test } from 'vitest';
import { applyHunks, isMeantToFail, readRecipe, shownOf } from './recipe.ts';

const page = (...lines: string[]) =>
  ['<!-- recipe -->', ...lines, '<!-- /recipe -->', ''].join('\n');

test('files, changes and runs are what a reader does, in order', () => {
  const steps = readRecipe(
    page(
      ...['`a.ts` (new):', '', '```ts', 'const a = 1;', '```', ''],
      ...['`b.ts`:', '', '```diff', ' one', '+two', '@@', '-three', '```', ''],
      ...['```sh', 'echo hi', '```', '', '```text', 'hi', '```'],
    ),
  );
  expect(steps).toEqual([
    { line: 2, kind: 'write', file: 'a.ts', content: 'const a = 1;\n' },
    {
      line: 8,
      kind: 'edit',
      file: 'b.ts',
      hunks: [
        { before: 'one\n', after: 'one\ntwo\n' },
        { before: 'three\n', after: '' },
      ],
    },
    { line: 17, kind: 'run', shell: 'echo hi\n', output: 'hi\n' },
  ]);
});

test('a block that nobody would know what to do with is a mistake of the page', () => {
  expect(() => readRecipe(page('```ts', 'x', '```'))).toThrow('line 2: a ts block');
  expect(() => readRecipe(page('```text', 'x', '```'))).toThrow('line 2: a text block');
  expect(() => readRecipe('```sh\nx\n```')).toThrow('markers');
});

test('a change has one place', () => {
  const hunk = { before: 'a\n', after: 'a\nb\n' };
  expect(applyHunks('x\na\ny\n', [hunk])).toBe('x\na\nb\ny\n');
  expect(() => applyHunks('x\n', [hunk])).toThrow('0 times');
  expect(() => applyHunks('a\na\n', [hunk])).toThrow('2 times');
});

test('a line of its own that says … leaves out what comes before the rest', () => {
  expect(shownOf('a\nb\nc\nd\n', 'a\n…\nd\n')).toEqual({ shown: 'a\nd', wanted: 'a\nd' });
  expect(shownOf('a\nb\n', 'a\n')).toEqual({ shown: 'a\nb', wanted: 'a' });
});

test('red is said at the end of a line', () => {
  expect(isMeantToFail('npm test   # red\n')).toBe(true);
  expect(isMeantToFail('echo "# red" > a\n')).toBe(false);
});
