import { wholeNumber } from '../_runtime/amounts.ts';
import type { FileKind, Summary } from '../_runtime/sealed-file.ts';

/** Every enrollment is in exactly one of these. */
export const outcomes = [
  'attended',
  'no_show',
  'expected',
  'held',
  'waitlisted',
  'lapsed',
  'cancelled',
] as const;
export type Outcome = (typeof outcomes)[number];

const about = ['activity_id', 'title', 'status', 'starts_at', 'ends_at', 'time_zone', 'capacity'];
const counted = ['enrolled', ...outcomes];

function participationSummary(): Summary {
  const sums = new Map(counted.map((name) => [name, 0]));
  let activities = 0;
  return {
    add: (cells) => {
      const numbers = counted.map((_, n) => wholeNumber(cells[about.length + n]));
      if (numbers.some((number) => number === null || number < 0)) return 'a count is no number';
      const [enrolled = 0, ...parts] = numbers.map(Number);
      if (parts.reduce((sum, part) => sum + part, 0) !== enrolled) {
        return 'enrolled is not the sum of what became of the enrollments';
      }
      activities += 1;
      for (const [n, name] of counted.entries()) {
        sums.set(name, (sums.get(name) ?? 0) + Number(numbers[n]));
      }
      return null;
    },
    problem: () => null,
    totals: () => [
      ['all', 'activities', activities] as const,
      ...counted.map((name) => ['all', name, sums.get(name) ?? 0] as const),
    ],
  };
}

export const participationFile: FileKind = {
  kind: 'pawprint-participation-summary',
  version: 1,
  columns: [...about, ...counted],
  summary: participationSummary,
};
