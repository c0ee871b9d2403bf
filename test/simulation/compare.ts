/** How often each line is there. */
const countsOf = (lines: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
};

/** The lines that one has oftener than the other, and how much oftener if that is not once. */
function surplus(title: string, lines: readonly string[], others: readonly string[]): string[] {
  const theirs = countsOf(others);
  return [...countsOf(lines)].flatMap(([line, count]) => {
    const more = count - (theirs.get(line) ?? 0);
    if (more <= 0) return [];
    const times = count === more && more === 1 ? '' : ` (${more} more, ${count} in all)`;
    return [`${title}: ${line}${times}`];
  });
}

/**
 * What the ends of two runs have and do not share, line by line; null: they are the same, whatever
 * the order. A line that is only there oftener is a difference as well: a row that was written twice.
 */
export function difference(calm: readonly string[], rough: readonly string[]): string | null {
  const lines = [...surplus('in order', calm, rough), ...surplus('in a storm', rough, calm)];
  return lines.length === 0 ? null : lines.join('\n');
}
