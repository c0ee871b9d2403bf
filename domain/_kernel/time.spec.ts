import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addMinutes,
  addSeconds,
  instantInputSchema,
  instantSchema,
  timeZoneSchema,
  toInstant,
} from './time.ts';

describe('instantSchema', () => {
  test('takes the one stored spelling', () => {
    expect(instantSchema.safeParse('2026-05-01T08:00:00.000Z').success).toBe(true);
  });

  test.each([
    ['an offset', '2026-05-01T10:00:00.000+02:00'],
    ['no milliseconds', '2026-05-01T08:00:00Z'],
    ['microseconds', '2026-05-01T08:00:00.000000Z'],
    ['a month that is not', '2026-13-01T08:00:00.000Z'],
    ['a day that is not', '2026-04-31T08:00:00.000Z'],
    ['the 29th of February of a common year', '2026-02-29T08:00:00.000Z'],
    ['the hour 24', '2026-05-01T24:00:00.000Z'],
    ['a date', '2026-05-01'],
    ['a line break behind', '2026-05-01T08:00:00.000Z\n'],
  ])('refuses %s', (_name, text) => {
    expect(instantSchema.safeParse(text).success).toBe(false);
  });

  test('takes the moments that a Date spells the same, and no others', () => {
    const padded = (max: number, width: number) =>
      fc.nat(max).map((n) => String(n).padStart(width, '0'));
    const two = padded(99, 2);
    // Years, months and days near the edges, where calendars go wrong.
    const year = fc.oneof(fc.constantFrom('0000', '0001', '1900', '2000', '2024'), padded(9999, 4));
    const month = fc.oneof(fc.constant('02'), padded(13, 2));
    const day = fc.oneof(fc.constantFrom('28', '29', '30', '31'), two);
    const hour = fc.oneof(padded(24, 2), two);
    const parts = fc.tuple(year, month, day, hour, padded(60, 2), padded(60, 2), padded(999, 3));
    fc.assert(
      fc.property(parts, ([yyyy, mm, dd, hh, min, ss, ms]) => {
        const text = `${yyyy}-${mm}-${dd}T${hh}:${min}:${ss}.${ms}Z`;
        const epoch = Date.parse(text);
        const spelled = Number.isNaN(epoch) ? '' : new Date(epoch).toISOString();
        const there = spelled === text && yyyy !== '0000';
        expect(instantSchema.safeParse(text).success).toBe(there);
      }),
      { numRuns: 2000 },
    );
  });

  test('instants compare as text', () => {
    const instants = fc.date({
      min: new Date('0001-01-01T00:00:00.000Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        expect(a.toISOString() < b.toISOString()).toBe(a.getTime() < b.getTime());
      }),
    );
  });
});

describe('toInstant', () => {
  test('every spelling of a moment comes to one', () => {
    for (const text of [
      '2026-05-01T10:00:00+02:00',
      '2026-05-01T08:00:00Z',
      '2026-05-01T08:00:00.000000000Z',
      '2026-04-30T22:00:00-10:00',
    ]) {
      expect(instantInputSchema.safeParse(text).success).toBe(true);
      expect(toInstant(text)).toBe('2026-05-01T08:00:00.000Z');
    }
  });

  test('what is finer than a millisecond is cut off, before 1970 too', () => {
    expect(toInstant('2026-05-01T08:00:00.000999Z')).toBe('2026-05-01T08:00:00.000Z');
    expect(toInstant('1969-12-31T23:59:59.999999Z')).toBe('1969-12-31T23:59:59.999Z');
  });

  test('whatever a client may send can be stored', () => {
    const two = (max: number) => fc.nat(max).map((n) => String(n).padStart(2, '0'));
    const spelled = fc
      .tuple(
        fc.constantFrom('0000', '0001', '1900', '2024', '2026', '9999'),
        ...([two(13), two(32), two(24), two(60), two(60)] as const),
        fc.constantFrom('', '.5', '.123456789'),
        fc.constantFrom('Z', '+14:00', '-12:00', '+23:59', '-23:59'),
      )
      .map(([y, mo, d, h, mi, s, f, z]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${z}`);
    fc.assert(
      fc.property(fc.oneof(spelled, fc.string()), (text) => {
        fc.pre(instantInputSchema.safeParse(text).success);
        expect(instantSchema.safeParse(toInstant(text)).success).toBe(true);
      }),
      { numRuns: 300 },
    );
    for (const text of ['9999-12-31T23:59:59-10:00', '0001-01-01T00:00:00+10:00']) {
      expect(instantInputSchema.safeParse(text).success).toBe(false);
    }
    expect(instantInputSchema.safeParse('0001-01-01T00:00:00Z').success).toBe(true);
  });

  test('the year 0, which Postgres does not have, is no moment', () => {
    for (const text of ['0000-01-01T00:00:00.000Z', '0000-12-31T23:59:59.999Z']) {
      expect(instantInputSchema.safeParse(text).success).toBe(false);
      expect(instantSchema.safeParse(text).success).toBe(false);
    }
  });

  test('a local time without an offset is no instant', () => {
    expect(instantInputSchema.safeParse('2026-05-01T10:00:00').success).toBe(false);
  });
});

test('minutes and seconds are exact, over midnight and the change of clocks', () => {
  expect(addMinutes('2026-12-31T23:45:00.000Z', 30)).toBe('2027-01-01T00:15:00.000Z');
  expect(addMinutes('2026-03-29T00:30:00.000Z', 60)).toBe('2026-03-29T01:30:00.000Z');
  expect(addSeconds('2026-05-01T08:00:00.000Z', -1)).toBe('2026-05-01T07:59:59.000Z');
});

test('a time zone is one of the IANA database', () => {
  for (const zone of ['UTC', 'Europe/Berlin', 'America/Argentina/Ushuaia']) {
    expect(timeZoneSchema.safeParse(zone).success).toBe(true);
  }
  for (const zone of ['CEST', '+02:00', 'Europe/Nowhere', 'europe/berlin', '']) {
    expect(timeZoneSchema.safeParse(zone).success).toBe(false);
  }
});
