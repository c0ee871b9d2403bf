import { describe, expect, it } from 'vitest';
import {
  CommandRefused,
  Forbidden,
  IdempotencyConflict,
  InvalidInput,
  OutcomeUnknown,
  Overloaded,
} from '../../commands/_runtime/errors.ts';
import { rejected } from '../../domain/_kernel/rejection.ts';
import {
  EventStoreUnavailableError,
  OutcomeUnknownError,
  ReadRefusedError,
} from '../../platform/event-store/index.ts';
import { KeyStoreUnavailableError } from '../../platform/keys/index.ts';
import { timeLimits } from '../../platform/time-limits.ts';
import { classify, createTrouble, LONGEST_PAUSE_MS, pauseAfter } from './failures.ts';

describe('the pause after an attempt', () => {
  it('doubles up to the longest, with the upper half of it left to chance', () => {
    const least = [1, 2, 3, 8, 9, 1000].map((attempt) => pauseAfter(attempt, undefined, () => 0));
    const most = [1, 2, 3, 8, 9, 1000].map((attempt) => pauseAfter(attempt, undefined, () => 1));
    expect(least).toEqual([50, 100, 200, 6400, 7500, 7500]);
    expect(most).toEqual([100, 200, 400, 12_800, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS]);
  });

  it('differs between rows that failed together', () => {
    expect(new Set(Array.from({ length: 20 }, () => pauseAfter(9))).size).toBeGreaterThan(1);
  });

  it('is short in an outage for a few, and long for many: they are no load', () => {
    const trouble = createTrouble();
    const { outbox: few } = timeLimits.retryMs;
    const failed = (count: number) =>
      Array.from({ length: count }, (_, n) => trouble.failed(`row ${n}`, 'outage')).at(-1);
    expect([failed(1), failed(60), failed(1000)]).toEqual([few, few, LONGEST_PAUSE_MS]);
    for (let n = 0; n < 1000; n += 1) trouble.givenUp(`row ${n}`);
    expect(failed(1)).toBe(few);
    expect(trouble.failed('a bug', 'unexpected')).toBe(LONGEST_PAUSE_MS);
  });
});

describe('the end of an outage', () => {
  it('is the first that gets through, and tells who else waits, once', () => {
    const trouble = createTrouble();
    for (const id of ['a', 'b', 'c']) trouble.failed(id, 'outage');
    trouble.failed('bug', 'unexpected');
    trouble.givenUp('c');
    expect([trouble.worked('stranger'), trouble.outagesEnded()]).toEqual([[], 0]);
    expect([trouble.worked('a'), trouble.outagesEnded()]).toEqual([['b'], 1]);
    // Told already: another side that is back does not have everybody ask again.
    expect([trouble.worked('b'), trouble.outagesEnded()]).toEqual([[], 1]);
  });

  it('counts those who fail again', () => {
    const trouble = createTrouble();
    for (const id of ['a', 'b']) trouble.failed(id, 'outage');
    trouble.worked('a');
    trouble.failed('b', 'outage');
    trouble.failed('c', 'outage');
    expect([trouble.worked('c'), trouble.outagesEnded()]).toEqual([['b'], 2]);
  });
});

it.each([
  ['a server that is away', new Overloaded('full'), 'outage'],
  ['an unknown outcome', new OutcomeUnknown('cut'), 'outage'],
  ['an event store that is away', new EventStoreUnavailableError('silent'), 'outage'],
  ['a key store that is away', new KeyStoreUnavailableError('silent'), 'outage'],
  ['an append nobody knows of', new OutcomeUnknownError('cut'), 'outage'],
  ['a stream that was deleted for good', new ReadRefusedError('deleted'), 'never'],
  ['an adapter that says later', Object.assign(new Error('busy'), { retry: 'later' }), 'outage'],
  ['an adapter that says never', Object.assign(new Error('no'), { retry: 'never' }), 'never'],
  ['an input that does not fit', new InvalidInput([]), 'never'],
  ['what nobody is allowed', new Forbidden('no'), 'never'],
  ['another input under a key', new IdempotencyConflict('x'), 'never'],
  ['a refused outcome of a side effect', new CommandRefused(rejected('x', 'No.')), 'never'],
  ['anything else', new TypeError('a bug'), 'unexpected'],
  ['what is no error', 'thrown', 'unexpected'],
])('%s', (_what, error, failure) => {
  expect(classify(error)).toBe(failure);
});
