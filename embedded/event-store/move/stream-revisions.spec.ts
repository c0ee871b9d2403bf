import { expect, test } from 'vitest';
import { createStreamRevisions } from './stream-revisions.ts';

test('every stream has its last revision, however many there are', () => {
  const revisions = createStreamRevisions();
  const expected = new Map<string, bigint>();
  for (let n = 0; n < 50_000; n += 1) {
    const stream = `stream-${(n * 7_919) % 20_011}`;
    const revision = BigInt(n);
    expect(revisions.swap(stream, revision)).toBe(expected.get(stream) ?? -1n);
    expected.set(stream, revision);
  }
});
