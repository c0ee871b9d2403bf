import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantAt, inYear, yearsToShift } from './season-year.ts';

const local = (text: string) => Temporal.PlainDateTime.from(text);

test.each([
  ['a first Saturday', '2027-03-06T10:00', 1, '2028-03-04T10:00:00'],
  ['the night before the last Sunday of March', '2027-03-27T21:00', 1, '2028-03-25T21:00:00'],
  ['the same, into 2030', '2027-03-27T21:00', 3, '2030-03-30T21:00:00'],
  ['the last Sunday of March', '2027-03-28T06:00', 3, '2030-03-31T06:00:00'],
  ['the same year', '2027-05-01T15:00', 0, '2027-05-01T15:00:00'],
])('%s keeps its weekday and its week', (_what, from, years, to) => {
  expect(inYear(local(from), years).toString()).toBe(to);
});

test('a shifted day keeps month, weekday and time, and is in the wanted year', () => {
  const day = fc.integer({ min: 0, max: 3650 });
  fc.assert(
    fc.property(day, fc.integer({ min: 1, max: 12 }), (days, years) => {
      const from = local('2027-01-01T10:30').add({ days });
      const to = inYear(from, years);
      expect([to.year, to.month, to.dayOfWeek, to.hour]).toEqual([
        from.year + years,
        from.month,
        from.dayOfWeek,
        10,
      ]);
    }),
  );
});

test.each([
  ['2026-11-26', 0],
  ['2027-02-27', 0],
  ['2027-02-28', 1],
  ['2027-12-30', 1],
  ['2031-06-01', 5],
])('on %s it is played %i years later', (today, years) => {
  expect(yearsToShift(local('2027-03-06T10:00'), Temporal.PlainDate.from(today))).toBe(years);
});

test('an hour that the clocks skip is refused', () => {
  expect(instantAt(local('2027-03-27T21:00'), 'Europe/Berlin')).toBe('2027-03-27T20:00:00Z');
  expect(instantAt(local('2027-03-28T06:00'), 'Europe/Berlin')).toBe('2027-03-28T04:00:00Z');
  expect(() => instantAt(local('2027-03-28T02:30'), 'Europe/Berlin')).toThrow(RangeError);
});
