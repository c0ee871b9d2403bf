import { describe, expect, it } from 'vitest';
import {
  CommandRefused,
  InvalidInput,
  OutcomeUnknown,
  Overloaded,
} from '../../commands/_runtime/errors.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import { classify, LONGEST_PAUSE_MS, pauseAfter } from './failures.ts';

describe('the pause after an attempt', () => {
  it('doubles up to the longest, with the upper half of it left to chance', () => {
    const least = [1, 2, 3, 8, 9, 1000].map((attempt) => pauseAfter(attempt, () => 0));
    const most = [1, 2, 3, 8, 9, 1000].map((attempt) => pauseAfter(attempt, () => 1));
    expect(least).toEqual([50, 100, 200, 6400, 7500, 7500]);
    expect(most).toEqual([100, 200, 400, 12_800, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS]);
  });

  it('differs between rows that failed together', () => {
    expect(new Set(Array.from({ length: 20 }, () => pauseAfter(9))).size).toBeGreaterThan(1);
  });
});

it.each([
  ['a server that is away', new Overloaded('full'), 'outage'],
  ['an unknown outcome', new OutcomeUnknown('cut'), 'outage'],
  ['an adapter that says later', Object.assign(new Error('busy'), { retry: 'later' }), 'outage'],
  ['an adapter that says never', Object.assign(new Error('no'), { retry: 'never' }), 'never'],
  ['an input that does not fit', new InvalidInput([]), 'never'],
  ['a refused outcome of a side effect', new CommandRefused(rejected('x', 'No.')), 'never'],
  ['anything else', new TypeError('a bug'), 'unexpected'],
  ['what is no error', 'thrown', 'unexpected'],
])('%s', (_what, error, failure) => {
  expect(classify(error)).toBe(failure);
});
