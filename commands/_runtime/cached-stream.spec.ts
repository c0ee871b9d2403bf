import { expect, it } from 'vitest';
import { opaqueAggregate } from '../../domain/_kernel/aggregate.ts';
import { member } from '../../domain/member/state.ts';
import { createStreamCache, emptyStream } from './cached-stream.ts';

const entryAt = (revision: number) => ({ ...emptyStream(opaqueAggregate(member)), revision });

/** What an entry without commands weighs. */
const EMPTY = 8;

it('weighs an entry by the commands that it remembers', () => {
  const cache = createStreamCache(10 * EMPTY);
  const grown = entryAt(0);
  for (const stream of ['a', 'b', 'c']) cache.put(stream, entryAt(0));
  cache.put('grown', grown);
  for (let n = 0; n < 100; n += 1) {
    const taken = cache.take('grown') ?? grown;
    taken.commands.set(`command-${n}`, { inputHash: '', first: n, count: 1 });
    cache.put('grown', taken);
  }
  // It fills a generation by itself, so each of the two that come after it begins one.
  cache.put('d', entryAt(0));
  expect(cache.entries).toBe(5);
  expect(cache.peek('a')).toBeDefined();
  for (let n = 0; n < 10; n += 1) cache.put(`other-${n}`, entryAt(0));
  expect(cache.peek('a')).toBeUndefined();
  expect(cache.peek('grown')).toBeUndefined();
});

it('keeps the entries that were put last, and those that are used', () => {
  const cache = createStreamCache(10 * EMPTY);
  cache.put('used', entryAt(0));
  cache.put('unused', entryAt(0));
  for (let n = 1; n <= 30; n += 1) {
    cache.put(`stream-${n}`, entryAt(n));
    for (let recent = Math.max(1, n - 4); recent <= n; recent += 1) {
      expect(cache.peek(`stream-${recent}`)?.revision).toBe(recent);
    }
    const used = cache.take('used');
    expect(used?.revision).toBe(n - 1);
    cache.put('used', entryAt(n));
  }
  expect(cache.peek('unused')).toBeUndefined();
  expect(cache.peek('stream-1')).toBeUndefined();
});

it('has nothing of what was taken out, whichever generation it was in', () => {
  const cache = createStreamCache(2 * EMPTY);
  cache.put('a', entryAt(1));
  expect(cache.take('a')?.revision).toBe(1);
  expect(cache.take('a')).toBeUndefined();
  for (const stream of ['a', 'b', 'c']) cache.put(stream, entryAt(2));
  // Now in the old one.
  expect(cache.take('a')?.revision).toBe(2);
  expect(cache.peek('a')).toBeUndefined();
});

it('has one entry of a stream: the one that was put last', () => {
  const cache = createStreamCache(2 * EMPTY);
  for (const stream of ['a', 'b', 'c']) cache.put(stream, entryAt(1));
  cache.put('a', entryAt(2));
  expect(cache.take('a')?.revision).toBe(2);
  expect(cache.take('a')).toBeUndefined();
});
