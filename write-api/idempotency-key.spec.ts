import { expect, test } from 'vitest';
import { HttpProblem } from '../platform/http/index.ts';
import { readIdempotencyKey } from './idempotency-key.ts';

const longest = 'k'.repeat(255);
const quotes = '"'.repeat(255);

test.each([
  ['bare', 'abc', 'abc'],
  ['quoted', '"abc"', 'abc'],
  ['with white space around it', ' abc\t', 'abc'],
  ['with a quote inside', 'a"b', 'a"b'],
  ['with a backslash', '\\', '\\'],
  ['escaped', String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  ['the longest', longest, longest],
  ['the longest, quoted', `"${longest}"`, longest],
  ['the longest, quoted and escaped', `"${String.raw`\"`.repeat(255)}"`, quotes],
])('a key may be %s', (_name, header, key) => {
  expect(readIdempotencyKey(header)).toBe(key);
});

test.each([
  ['too long', `${longest}k`],
  ['too long inside its quotes', `"${longest}k"`],
  ['empty inside its quotes', '""'],
  ['without its second quote', '"abc'],
  ['with an escape that is none', String.raw`"a\b"`],
  ['of two words', 'a b'],
  ['of two words in quotes', '"a b"'],
  ['sent twice', ['a', 'b']],
  ['of other letters', 'schlüssel'],
])('a key is not %s', (_name, header) => {
  expect(codeOf(header)).toBe('idempotency-key-invalid');
});

test('a command without a key is told so', () => {
  expect([codeOf(undefined), codeOf('')]).toEqual(Array(2).fill('idempotency-key-missing'));
});

function codeOf(header: string | readonly string[] | undefined): string | undefined {
  try {
    readIdempotencyKey(header);
  } catch (error) {
    if (error instanceof HttpProblem) return error.problem;
    throw error;
  }
  return undefined;
}
