import type { PlantedBug } from '../bug.ts';

const line = {
  property: 'no-oversell',
  invariant: 'Those who stand in a line come in their order.',
  file: 'domain/seating/line.ts',
  spec: 'domain/seating/line.spec.ts',
} as const;

/** One bug for each verdict, for the spec of the runner. */
export const bugs: readonly PlantedBug[] = [
  {
    ...line,
    name: 'is-seen',
    find: 'else entries.splice(indexBehind(line, order), 0, entry);',
    replace: 'else entries.push(entry);',
    red: /Property failed/,
  },
  {
    ...line,
    name: 'is-not-seen',
    find: 'line.size += 1;',
    replace: 'line.size += 1 + 0;',
    red: /Property failed/,
  },
  {
    ...line,
    name: 'crashes-its-import',
    find: 'export function emptyLine',
    replace: "throw new Error('Property failed');\nexport function emptyLine",
    red: /Property failed/,
  },
  {
    ...line,
    name: 'is-red-with-other-words',
    find: 'if (entry.gone) return;',
    replace: '',
    test: 'leaving twice is leaving once',
    red: /to be the words of another bug/,
  },
  {
    ...line,
    name: 'is-red-before',
    find: 'line.head = 0;',
    replace: 'line.head = 1;',
    // Nothing is done in a millisecond.
    patience: 1,
    red: /Property failed/,
  },
];
