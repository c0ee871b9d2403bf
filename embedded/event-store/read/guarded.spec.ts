import { expect, test } from 'vitest';
import { guarded, isHarmless, TooSlowError } from './guarded.ts';

const name = `${'a'.repeat(60)}!`;

test.each(['(a+)+$', '(a|a)*b', '(?:a?){40}a{40}!'])('%s is stopped', (expression) => {
  expect(isHarmless(expression)).toBe(false);
  const pattern = new RegExp(expression);
  expect(() => guarded(() => pattern.test(name.repeat(20)))).toThrow(TooSlowError);
  // The next one is not held to account for it.
  expect(guarded(() => /^b/.test('b'))).toBe(true);
});

test('what is quick has its answer, and what fails its error', () => {
  expect(guarded(() => ['a', 'b'].filter((one) => /(a+)+$/.test(one)))).toEqual(['a']);
  expect(() =>
    guarded(() => {
      throw new RangeError('mine');
    }),
  ).toThrow(RangeError);
});

test.each([
  '^[^$].*',
  'abc',
  '^ticket-',
  '^(?:ticket|member)-',
  '^a|^b|c',
  '^\\$',
  '\\d\\d-x+',
  '[a-z\\]]*',
  '',
])('%j needs no watch', (expression) => {
  expect(isHarmless(expression)).toBe(true);
});

test.each([
  'a+b',
  '(a+)+',
  '(a|b)*',
  'a{1,9}',
  'a?b?',
  '(?=a)',
  '(a)\\1',
  '((a))',
  '(a|b)(c|d)',
  '[a-z',
  'x'.repeat(129),
])('%j is watched', (expression) => {
  expect(isHarmless(expression)).toBe(false);
});
