import { expect, test } from 'vitest';
import { helpOf, verbsOf } from '../ops/_cli/help.ts';
import { allOptions, flagName } from '../ops/_cli/options.ts';
import { parseWish } from '../ops/_cli/parse.ts';
import { eventStore, withVerb } from './index.ts';
import { counted, megabytes, remaining } from './progress.ts';
import { storageOf } from './storage.ts';

test.each(verbsOf(eventStore.entries).map(({ path, verb }) => [path, verb] as const))(
  '%s: its help is complete, and its examples are command lines that it takes',
  (path, verb) => {
    const help = helpOf(eventStore, { about: verb, path });
    for (const option of allOptions(eventStore, verb)) {
      expect(option.description, flagName(option)).not.toBe('');
      expect(help).toContain(option.spelling);
    }
    for (const { line } of verb.examples) {
      const words = /npm run (?:-s )?event-store -- (.*)/.exec(line)?.[1];
      expect(parseWish(eventStore, withVerb((words ?? '').split(' ')))).toMatchObject({
        kind: 'run',
      });
    }
    expect(helpOf(eventStore, { about: null, path: '' })).toContain(verb.summary);
  },
);

test.each([
  [[], 'serve'],
  [['--port', '2113', '--data', 'd'], 'serve --port 2113 --data d'],
  [['--json', '--help'], 'serve --json --help'],
  [['--help'], '--help'],
  [['verify', '--data', 'd'], 'verify --data d'],
])('%j is %s', (argv, expected) => {
  expect(withVerb(argv).join(' ')).toBe(expected);
});

test('where the events live comes from the command line, else from the environment', () => {
  const env = { DATABASE_URL: 'postgresql://env/x' };
  expect(storageOf({ data: 'd' }, env)).toEqual({ kind: 'folder', folder: 'd' });
  expect(storageOf({ databaseUrl: 'postgresql://o/x' }, env)).toMatchObject({
    url: 'postgresql://o/x',
  });
  expect(storageOf({}, env)).toMatchObject({ url: 'postgresql://env/x' });
  expect(() => storageOf({}, {})).toThrow('say where the events live');
  expect(() => storageOf({}, { DATABASE_URL: 'mysql://x' })).toThrow('DATABASE_URL: is a URL');
});

test('progress speaks in numbers that people read', () => {
  expect(counted(1_234_567)).toBe('1,234,567');
  expect(megabytes(12_345_678)).toBe('12.3 MB');
  expect(remaining(250, 1_000, 30_000)).toBe('1 min 30 s');
  expect(remaining(0, 1_000, 30_000)).toBe('?');
  expect(remaining(1_000, 900, 30_000)).toBe('0 s');
});
