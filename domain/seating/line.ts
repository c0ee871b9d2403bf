import type { EnrollmentId } from '../_kernel/ids.ts';

/**
 * Enrollments in a line: holds by their deadline, the waitlist by arrival. Joining at the end and
 * leaving anywhere are O(1) amortised: who leaves is only marked, and the marks are swept once they
 * outnumber those who stand. (A `Map` would do for the order of arrival, but reading its first
 * entry walks over every deleted one before it.)
 */
export type Line = {
  entries: LineEntry[];
  /** Index of the first who may still stand. */
  head: number;
  /** How many stand. */
  size: number;
};

export type LineEntry = {
  readonly enrollmentId: EnrollmentId;
  /** Place in the order, compared as text; who comes later with the same one stands behind. */
  readonly order: string;
  gone: boolean;
};

export function emptyLine(): Line {
  return { entries: [], head: 0, size: 0 };
}

export function joinLine(line: Line, enrollmentId: EnrollmentId, order: string): LineEntry {
  const entry: LineEntry = { enrollmentId, order, gone: false };
  const { entries } = line;
  const last = entries.at(-1);
  // Deadlines come nearly in order: only a change of the hold time or of the clock puts one between.
  if (last === undefined || last.order <= order) entries.push(entry);
  else entries.splice(indexBehind(line, order), 0, entry);
  line.size += 1;
  return entry;
}

export function leaveLine(line: Line, entry: LineEntry): void {
  if (entry.gone) return;
  entry.gone = true;
  line.size -= 1;
  while (line.entries[line.head]?.gone) line.head += 1;
  const gone = line.entries.length - line.size;
  if (gone > 32 && gone > line.size) {
    line.entries = line.entries.filter((each) => !each.gone);
    line.head = 0;
  }
}

/** Those who stand, first to last. The line must not change while it is read. */
export function* standing(line: Line): Generator<LineEntry> {
  for (let i = line.head; i < line.entries.length; i += 1) {
    const entry = line.entries[i];
    if (entry !== undefined && !entry.gone) yield entry;
  }
}

/** The index behind the last entry whose order is not later (binary search: gone entries keep theirs). */
function indexBehind(line: Line, order: string): number {
  let low = line.head;
  let high = line.entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = line.entries[middle];
    if (entry !== undefined && entry.order <= order) low = middle + 1;
    else high = middle;
  }
  return low;
}
