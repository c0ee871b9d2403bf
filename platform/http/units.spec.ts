import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeConsistencyToken, encodeConsistencyToken } from './consistency-token.ts';
import { depthOf } from './json-body.ts';
import { HttpProblem, httpProblems, joinProblems, problemDocument } from './problem.ts';
import { addressKey } from './rate-limit.ts';
import { createTokenBuckets } from './token-buckets.ts';
import { traceIdOf, traceparentOf } from './trace.ts';
import { fieldErrors } from './validation.ts';

describe('traceparent', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  test.each([
    [`00-${id}-00f067aa0ba902b7-01`, id],
    [`00-${id}-00f067aa0ba902b7-00`, id],
    [`01-${id}-00f067aa0ba902b7-01-more`, id],
    [`00-${id}-00f067aa0ba902b7-01-more`, null],
    [`ff-${id}-00f067aa0ba902b7-01`, null],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, null],
    [`00-${id}-${'0'.repeat(16)}-01`, null],
    [`00-${id.toUpperCase()}-00f067aa0ba902b7-01`, null],
    ['', null],
    ['x'.repeat(10_000), null],
    [undefined, null],
    [[`00-${id}-00f067aa0ba902b7-01`, 'b'], null],
  ])('%s', (header, traceId) => {
    expect(traceIdOf(header)).toBe(traceId);
  });

  test('what goes on is the same trace in a span of its own', () => {
    expect(traceIdOf(traceparentOf(id))).toBe(id);
    expect(traceparentOf(id)).not.toBe(traceparentOf(id));
  });
});

describe('token buckets', () => {
  const at = { ms: 0 };
  const open = (maxKeys = 100) => {
    at.ms = 0;
    return createTokenBuckets({ burst: 2, perSecond: 0.5 }, { maxKeys, now: () => at.ms });
  };

  test('a burst passes, then one each refill', () => {
    const buckets = open();
    expect(buckets.take('a')).toEqual({
      allowed: true,
      remaining: 1,
      resetSeconds: 2,
      retryAfterSeconds: 0,
    });
    expect(buckets.take('a').allowed).toBe(true);
    expect(buckets.take('a')).toEqual({
      allowed: false,
      remaining: 0,
      resetSeconds: 4,
      retryAfterSeconds: 2,
    });
    at.ms = 1999;
    expect(buckets.take('a').allowed).toBe(false);
    at.ms = 2000;
    expect(buckets.take('a').allowed).toBe(true);
    expect(buckets.take('a').allowed).toBe(false);
  });

  test('keys do not share, and what is given back is there again', () => {
    const buckets = open();
    buckets.take('a');
    buckets.take('a');
    expect(buckets.take('b').remaining).toBe(1);
    buckets.giveBack('a');
    expect(buckets.take('a').allowed).toBe(true);
  });

  test('memory is bounded, and a full bucket costs none', () => {
    const buckets = open(10);
    for (let i = 0; i < 1000; i += 1) buckets.take(`key ${i}`);
    expect(buckets.size()).toBe(10);
    buckets.giveBack('key 999');
    expect(buckets.size()).toBe(9);
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:0db8:1:2::ff', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s is limited as %s', (ip, key) => {
  expect(addressKey(ip)).toBe(key);
});

test.each([
  ['1', 0],
  ['[]', 1],
  ['{"a":[{"b":1}]}', 3],
  ['{"a":"[[[[","b":"\\"[[["}', 1],
  ['["\\\\",[[]]]', 3],
  ['"[[[', 0],
])('%s is %i deep', (text, depth) => {
  expect(depthOf(text)).toBe(depth);
});

test('every position survives its token, and nothing else decodes', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (position) => {
      expect(decodeConsistencyToken(encodeConsistencyToken(position))).toBe(position);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => decodeConsistencyToken(text)).toThrow(HttpProblem);
    }),
  );
});

test('pointers name array entries, odd keys and the part of the request', () => {
  const issues = [{ path: ['a', 0, 'x y/~'], message: 'm' }];
  expect(fieldErrors(issues, 'body')).toEqual([{ pointer: '#/a/0/x%20y~1~0', message: 'm' }]);
  expect(fieldErrors(issues, 'querystring')[0]?.pointer).toBe('#/query/a/0/x%20y~1~0');
  expect(fieldErrors([{ path: ['\ud800'], message: 'm' }], 'params')[0]?.pointer).toBe(
    '#/path/%EF%BF%BD',
  );
});

test('facts never replace a member of the standard', () => {
  const facts = { status: 200, code: 'fine', traceId: 'mine', seats: 3 };
  const problem = new HttpProblem('not-found', { facts });
  const document = problemDocument(problem, httpProblems, { instance: '/x', traceId: 't' });
  expect(document).toMatchObject({ status: 404, code: 'not-found', traceId: 't', seats: 3 });
});

test('one code cannot mean two things', () => {
  const other = { 'not-found': { status: 410, title: 'Gone', description: '' } };
  expect(() => joinProblems(httpProblems, other)).toThrow('not-found');
});
