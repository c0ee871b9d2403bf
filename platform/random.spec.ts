import { expect, it } from 'vitest';
import { freshBytes } from './random.ts';

it('gives as many bytes as asked for, none of them twice, and leaves them alone', () => {
  const nonces = Array.from({ length: 2000 }, () => freshBytes(12));
  const texts = nonces.map((nonce) => nonce.toString('hex'));
  expect(new Set(texts).size).toBe(2000);
  expect(texts.every((text) => text.length === 24)).toBe(true);
  freshBytes(10_000).fill(0);
  expect(nonces.map((nonce) => nonce.toString('hex'))).toEqual(texts);
  // Of a page that is nearly used up the rest is not stretched.
  expect(freshBytes(4096)).toHaveLength(4096);
});
