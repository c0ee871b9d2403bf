/**
 * The season stands in files, with days of one year. Nobody can enroll in what is over, so it is played
 * in the first year in which its first activity is still to come.
 */

/** A plan as an organiser writes it: days and times of a place's clock. */
export type LocalTime = Temporal.PlainDateTime;

/**
 * The same time in another year: same month, same weekday, same week of the month. A day among the
 * last seven stays among them, for that is what the clocks' changes hang on (the last Sunday of March).
 */
export function inYear(local: LocalTime, years: number): LocalTime {
  if (years === 0) return local;
  const there = local.with({ year: local.year + years, day: 1 });
  const fromEnd = local.day > local.daysInMonth - 7;
  const toWeekday = (day: number) => (7 + local.dayOfWeek - there.with({ day }).dayOfWeek) % 7;
  if (fromEnd) {
    const start = there.daysInMonth - 6;
    return there.with({ day: start + toWeekday(start) });
  }
  const start = 1 + 7 * Math.floor((local.day - 1) / 7);
  return there.with({ day: start + toWeekday(start) });
}

/** How many years later it has to be played, so that its first activity is a week away or more. */
export function yearsToShift(first: LocalTime, today: Temporal.PlainDate): number {
  const soonest = today.add({ days: 7 });
  let years = Math.max(0, soonest.year - first.year);
  while (Temporal.PlainDate.compare(inYear(first, years).toPlainDate(), soonest) < 0) years += 1;
  return years;
}

/**
 * The instant of a place's clock, ISO 8601. Throws a RangeError for an hour that the clocks skip or
 * pass twice: which of the two was meant is the organiser's to say.
 */
export function instantAt(local: LocalTime, timeZone: string): string {
  return local.toZonedDateTime(timeZone, { disambiguation: 'reject' }).toInstant().toString();
}
