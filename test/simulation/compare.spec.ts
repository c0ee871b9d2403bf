import { expect, test } from 'vitest';
import { difference } from './compare.ts';

test('two runs that end in the same rows do not differ, in whatever order', () => {
  expect(difference(['a', 'b', 'b'], ['b', 'a', 'b'])).toBeNull();
});

test('a row that only one of them has is told', () => {
  expect(difference(['a', 'b'], ['a', 'c'])).toBe('in order: b\nin a storm: c');
});

test('a row that one of them has once more is told, with how often it is there', () => {
  expect(difference(['a', 'b'], ['a', 'b', 'b'])).toBe('in a storm: b (1 more, 2 in all)');
  expect(difference(['a', 'a', 'a'], ['a'])).toBe('in order: a (2 more, 3 in all)');
});
