import { describe, expect, it } from 'vitest';
import { boundedMap } from './bounded-map.ts';

const filled = (map: ReturnType<typeof boundedMap<number>>, from: number, to: number): void => {
  for (let n = from; n < to; n += 1) map.set(`key ${n}`, n);
};

describe('a bounded map', () => {
  it('has the newest value of what was set, whichever generation had it before', () => {
    const map = boundedMap<number>(2);
    map.set('a', 1);
    filled(map, 0, 2);
    expect(map.get('a')).toBe(1);
    map.set('a', 2);
    filled(map, 2, 3);
    expect(map.get('a')).toBe(2);
  });

  it.each([1, 99, 100, 101, 199, 200, 201, 350])(
    'keeps the last `capacity` of %i entries, and never more than twice as many',
    (count) => {
      const map = boundedMap<number>(100);
      filled(map, 0, count);
      expect(map.size).toBeLessThanOrEqual(200);
      for (let n = Math.max(0, count - 100); n < count; n += 1) {
        expect(map.get(`key ${n}`)).toBe(n);
      }
    },
  );

  it('of no capacity keeps nothing', () => {
    const map = boundedMap<number>(0);
    filled(map, 0, 3);
    expect(map.get('key 2')).toBeUndefined();
    expect(map.size).toBe(0);
  });

  it('forgets what nobody uses, and keeps what is used', () => {
    const map = boundedMap<number>(10);
    map.set('used', 1);
    map.set('unused', 2);
    for (let n = 0; n < 30; n += 1) {
      map.set(`key ${n}`, n);
      expect(map.get('used')).toBe(1);
    }
    expect(map.get('unused')).toBeUndefined();
    map.clear();
    expect(map.get('used')).toBeUndefined();
    expect(map.size).toBe(0);
  });
});
