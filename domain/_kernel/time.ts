import { z } from 'zod';

/**
 * Instants are ISO 8601 strings in UTC with milliseconds (`2026-05-01T08:00:00.000Z`) in events and
 * state: one spelling per moment, so they compare as strings and hash alike. `Temporal` lives inside
 * functions only (two different `Temporal.Instant`s are equal to `isDeepStrictEqual`).
 */
export type Instant = string;

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

/** The stored form: exact, already normalised. */
export const instantSchema = z
  .string()
  .regex(INSTANT, {
    error: 'expected an instant in UTC with milliseconds, such as 2026-05-01T08:00:00.000Z',
  })
  .refine(exists, { error: 'expected a moment that exists' })
  .meta({ format: 'date-time', example: '2026-05-01T08:00:00.000Z' });

/**
 * `Date.parse` takes 31 April and 24:00 for the day after: a moment has one spelling only. ISO 8601
 * has a year 0, Postgres has not: stored, it would poison every read model that has the moment.
 */
function exists(text: string): boolean {
  if (!INSTANT.test(text)) return false;
  // Every instant of every event comes by here, and a `Date` and back costs several times as much.
  const [year, month, day] = [numberAt(text, 0, 4), numberAt(text, 5, 7), numberAt(text, 8, 10)];
  return (
    year >= 1 &&
    day >= 1 &&
    day <= daysIn(year, month) &&
    numberAt(text, 11, 13) <= 23 &&
    numberAt(text, 14, 16) <= 59 &&
    numberAt(text, 17, 19) <= 59
  );
}

const numberAt = (text: string, from: number, to: number): number => Number(text.slice(from, to));

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** 0 for a month that there is not. */
function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
}

/** The offset can carry a moment out of the years 0001 to 9999, which the stored form cannot spell. */
function fitsStoredForm(text: string): boolean {
  const epoch = Date.parse(text);
  if (Number.isNaN(epoch)) return false;
  const stored = new Date(epoch).toISOString();
  return INSTANT.test(stored) && exists(stored);
}

/** What a client may send: any ISO 8601 instant with an offset or Z. Normalise with `toInstant`. */
export const instantInputSchema = z.iso
  .datetime({
    offset: true,
    error: 'expected an ISO 8601 instant with an offset, such as 2026-05-01T10:00:00+02:00',
  })
  .refine(fitsStoredForm, { error: 'expected a moment in the years 0001 to 9999' })
  .meta({ example: '2026-05-01T10:00:00+02:00' });

/**
 * An instant with any offset, as it is stored: UTC, milliseconds. Throws a `RangeError` for
 * anything else.
 */
export function toInstant(text: string): Instant {
  return new Date(Temporal.Instant.from(text).epochMilliseconds).toISOString();
}

export function addMinutes(instant: Instant, minutes: number): Instant {
  return new Date(Date.parse(instant) + minutes * 60_000).toISOString();
}

export function addSeconds(instant: Instant, seconds: number): Instant {
  return new Date(Date.parse(instant) + seconds * 1000).toISOString();
}

const zones = new Set(Intl.supportedValuesOf('timeZone'));

/** An IANA time zone, kept with every local time (`Europe/Berlin`). */
export const timeZoneSchema = z
  .string()
  .refine((zone) => zone === 'UTC' || zones.has(zone), {
    error: 'expected an IANA time zone, such as Europe/Berlin',
  })
  .meta({ example: 'Europe/Berlin' });
