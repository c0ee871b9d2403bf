import { expect, test } from 'vitest';
import { MAX_INT64 } from './model.ts';
import { firstVisible, isSoftDeleted, limitsOf, oldestVisible } from './stream-metadata.ts';

const limits = (json: string) => limitsOf('s', Buffer.from(json));

test.each<[string, bigint, bigint]>([
  ['{}', 9n, 0n],
  ['{"$maxCount":3}', 9n, 7n],
  ['{"$maxCount":30}', 9n, 0n],
  ['{"$tb":4}', 9n, 4n],
  ['{"$tb":4,"$maxCount":3}', 9n, 7n],
  ['{"$tb":8,"$maxCount":3}', 9n, 8n],
  ['{"$tb":40}', 9n, 40n],
  // ignored: not positive, not an integer, not JSON, not an object
  ['{"$maxCount":0}', 9n, 0n],
  ['{"$maxCount":-3}', 9n, 0n],
  ['{"$maxCount":"3"}', 9n, 0n],
  ['{"$maxCount":3.5}', 9n, 0n],
  ['{"$maxCount":3', 9n, 0n],
  ['[3]', 9n, 0n],
  // one malformed key that the server reads, and it reads none of them
  ['{"$tb":4,"$maxCount":"3"}', 9n, 0n],
  ['{"$tb":4,"$maxAge":null}', 9n, 0n],
  ['{"$tb":4,"$maxCount":9223372036854775808}', 9n, 0n],
  ['{"$tb":4,"$acl":{"$r":["a",1]}}', 9n, 0n],
  ['{"$tb":4,"$acl":{"mine":1},"other":[]}', 9n, 4n],
])('%s on a stream up to %i shows from %i', (json, last, first) => {
  expect(firstVisible(limits(json), last)).toBe(first);
});

test('the largest $tb is a soft delete, one less is not', () => {
  expect(isSoftDeleted(limits(`{"$tb":${MAX_INT64}}`))).toBe(true);
  expect(isSoftDeleted(limits(`{"$tb":${MAX_INT64 - 1n}}`))).toBe(false);
});

test('$maxAge counts back from now in seconds', () => {
  const now = 1_000_000_000n;
  expect(oldestVisible(limits('{"$maxAge":60}'), now)).toBe(now - 600_000_000n);
  expect(oldestVisible(limits('{"$maxAge":0}'), now)).toBe(0n);
});

test('a metadata stream shows its last event, whatever it says about itself', () => {
  expect(firstVisible(limitsOf('$$s', Buffer.from('{"$maxCount":9}')), 5n)).toBe(5n);
});
