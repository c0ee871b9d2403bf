import { expect, test } from 'vitest';
import { formatHash, hashPassword, isPassword, parseHash } from './password.ts';

test('a hash survives being written down, and knows its password only', async () => {
  const hash = await hashPassword('correct horse é');
  const text = formatHash(hash);
  expect(text).not.toContain('horse');
  const read = parseHash(text);
  expect(read).toEqual(hash);
  if (read === undefined) throw new Error('no hash');
  expect(await isPassword('correct horse é', read)).toBe(true);
  expect(await isPassword('correct horse e\u0301', read)).toBe(true);
  expect(await isPassword('correct horse e', read)).toBe(false);
  expect(await isPassword('', read)).toBe(false);
});

test('the same password has another hash each time', async () => {
  expect(formatHash(await hashPassword('x'))).not.toBe(formatHash(await hashPassword('x')));
});

const salt = 'A'.repeat(22);
const key = 'B'.repeat(43);
test.each([
  ['the password itself', 'changeit'],
  ['another scheme', `argon2:16384:8:1:${salt}:${key}`],
  ['a cost that is no power of two', `scrypt:16383:8:1:${salt}:${key}`],
  ['no cost', `scrypt:0:8:1:${salt}:${key}`],
  ['no blocks', `scrypt:16384:0:1:${salt}:${key}`],
  ['nothing in parallel', `scrypt:16384:8:0:${salt}:${key}`],
  ['a key that was cut', `scrypt:16384:8:1:${salt}:${key.slice(1)}`],
  ['a short salt', `scrypt:16384:8:1:AAAA:${key}`],
  ['more memory than a sign-in may take', `scrypt:1048576:8:1:${salt}:${key}`],
])('%s is no hash', (_what, text) => {
  expect(parseHash(text)).toBeUndefined();
});

test('128 MiB can be asked for, and are given', async () => {
  const hash = parseHash(`scrypt:65536:8:1:${salt}:${key}`);
  if (hash === undefined) throw new Error('no hash');
  expect(await isPassword('x', hash)).toBe(false);
});
