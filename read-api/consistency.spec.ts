import { expect, test } from 'vitest';
import { waitOf } from './consistency.ts';

test.each([
  [undefined, 3, false],
  ['wait=3', 3, true],
  ['wait=600', 10, true],
  ['wait=0', 0, true],
  ['return=minimal, wait=7', 7, true],
  ['wait="2"', 2, true],
  ['wait=-1', 3, false],
  ['wait=soon', 3, false],
  ['await=3', 3, false],
])('Prefer: %s', (header, seconds, asked) => {
  expect(waitOf(header)).toEqual({ seconds, asked });
});
