import { expect, test } from 'vitest';
import { HttpProblem } from '../platform/http/index.ts';
import { readIfMatch } from './if-match.ts';

const change = { name: 'change-walk', ifMatch: 'optional' } as const;

test.each([
  [undefined, undefined],
  ['*', 'any'],
  ['"3"', [3]],
  [' "3" , "4"', [3, 4]],
  [
    ['"3"', '"4"'],
    [3, 4],
  ],
  // Tags that are none of ours are tags all the same: they match nothing.
  ['W/"3"', []],
  ['"abc", "5"', [5]],
  ['"99999999999999999999"', []],
  // Tags are compared letter by letter (RFC 9110 §8.8.3.2), and a comma may be in one.
  ['"03"', []],
  ['"00"', []],
  ['"0"', [0]],
  ['"a,b", "5"', [5]],
])('%j names %j', (header, revisions) => {
  expect(readIfMatch(header, change)).toEqual(revisions);
});

test.each(['', '3', '"3', '"3" "4"', '"3",', '*, "3"', '"a b"'])(
  '%j is refused, and what it should be is said',
  (header) => {
    expect(() => readIfMatch(header, change)).toThrow(HttpProblem);
    expect(() => readIfMatch(header, change)).toThrow(
      expect.objectContaining({
        problem: 'invalid-input',
        details: {
          errors: [
            {
              pointer: '#/header/If-Match',
              message: expect.stringContaining('the ETag or revision in double quotes'),
            },
          ],
        },
      }),
    );
  },
);

test('a command that changes nothing with a revision does not pass it over', () => {
  expect(() => readIfMatch('"3"', { name: 'plan-walk' })).toThrow(
    expect.objectContaining({
      details: {
        errors: [{ pointer: '#/header/If-Match', message: expect.stringContaining('plan-walk') }],
      },
    }),
  );
});
