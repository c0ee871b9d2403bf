import { expect, test } from 'vitest';
import { progressLine } from './watch.ts';

const line = (handled: number, of: number, ms: number, trouble: string | null = null) =>
  progressLine('enrollments', { handled, of, trouble }, ms);

test('it tells how far it is in steps of ten, and how long it may take', () => {
  expect(line(0, 1000, 500)).toBe('enrollments: beginning');
  expect(line(250, 1000, 1000)).toBe('enrollments: 20 % of 1000 events, about 3 s left');
  expect(line(260, 1000, 1040)).toBe(line(250, 1000, 1000));
  expect(line(1000, 1000, 4000)).toBe('enrollments: 100 % of 1000 events');
  // More came meanwhile than when it was looked up.
  expect(line(1001, 1000, 4000)).toBe('enrollments: 100 % of 1000 events');
});

test('what it waits for is told', () => {
  expect(line(1000, 1000, 4000, 'Postgres 55P03: lock')).toBe(
    'enrollments: 100 % of 1000 events, waits: Postgres 55P03: lock',
  );
});
