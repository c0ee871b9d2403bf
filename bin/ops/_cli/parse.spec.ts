import { expect, test } from 'vitest';
import { z } from 'zod';
import { UsageError } from '../../start/options.ts';
import { entries, ops } from '../index.ts';
import { helpOfGroup, helpOfProgram, helpOfVerb, verbsOf } from './help.ts';
import { allOptions, flagName } from './options.ts';
import { parseWish } from './parse.ts';
import { defineVerb, type Entry, exits, isGroup, type Run } from './verb.ts';

const input = z.strictObject({
  stream: z.string().meta({ description: 'which stream' }),
  from: z.string().optional().meta({ description: 'from there', value: 'PLACE' }),
  max: z.coerce
    .number({ error: 'expected a number' })
    .default(5)
    .meta({ description: 'how many', value: 'N' }),
  dryRun: z.boolean().default(false).meta({ description: 'only tell' }),
});
let ran: Run<z.output<typeof input>>['input'] | undefined;
const show = defineVerb({
  ...{ name: 'show', summary: 'Show a stream', input, positional: ['stream', 'from'] },
  finding: 'it is not there',
  examples: [{ line: 'npm run ops -- things show a', does: 'shows a' }],
  run: async (run) => {
    ran = run.input;
    return exits.well;
  },
});
const table: readonly Entry[] = [
  { name: 'things', summary: 'Look after things', verbs: [show] },
  { ...show, name: 'alone' },
];
const program = { ...ops, entries: table };
const parse = (...argv: string[]) => parseWish(program, argv);
const inputOf = async (...argv: string[]) => {
  const wish = parse(...argv);
  if (wish.kind !== 'run') throw new Error(wish.kind);
  await wish.run({} as Parameters<typeof wish.run>[0]);
  return { ...ran, common: wish.common };
};

test('words, options and defaults become what the schema says', async () => {
  expect(await inputOf('things', 'show', 'a', '--max', '7', '--dry-run', '--json')).toEqual({
    ...{ stream: 'a', max: 7, dryRun: true },
    common: { json: true, help: false },
  });
  expect(await inputOf('alone', 'a', 'b', '--max=7', '--data', '/d')).toEqual({
    ...{ stream: 'a', from: 'b', max: 7, dryRun: false },
    common: { json: false, help: false, data: '/d' },
  });
});

test.each([
  ['an unknown verb', ['thinks'], '"thinks" is not known: ops takes things, alone'],
  ['one of a group', ['things', 'shw'], '"shw" is not known: ops things takes show'],
  [
    'an unknown option',
    ['alone', 'a', '--form', 'x'],
    '--form is not known: ops alone takes --max N',
  ],
  ['a word too many', ['alone', 'a', 'b', 'c'], '"c" is one word too many'],
  ['a missing word', ['things', 'show'], 'STREAM is missing: which stream'],
  ['an option without its value', ['alone', 'a', '--max'], '--max takes a value: --max N'],
  ['an option for a value', ['alone', 'a', '--max', '--json'], '--max takes a value: --max N'],
  ['a flag with a value', ['alone', 'a', '--dry-run=no'], '--dry-run takes no value'],
  ['a value of another kind', ['alone', 'a', '--max', 'many'], '--max: expected a number'],
  ['an option before the verb', ['--json', 'alone', 'a'], '--json stands before the verb'],
])('%s is named, with what would be right', (_what, argv, message) => {
  expect(() => parse(...argv)).toThrow(UsageError);
  expect(() => parse(...argv)).toThrow(message);
});

test('help is asked for in every place, and half a command line is none', () => {
  expect(parse('--help')).toMatchObject({ kind: 'help', about: null });
  expect(parse('help')).toMatchObject({ kind: 'help', about: null });
  expect(parse('things', '-h')).toMatchObject({ kind: 'help', about: { name: 'things' } });
  expect(parse('help', 'things', 'show')).toMatchObject({ kind: 'help', about: { name: 'show' } });
  expect(parse('things', 'show', '--help')).toMatchObject({ kind: 'help', path: 'things show' });
  expect(parse()).toMatchObject({ kind: 'incomplete', about: null });
  expect(parse('things')).toMatchObject({ kind: 'incomplete', about: { name: 'things' } });
});

test("a verb's help has its words, options, defaults, examples and exit codes", () => {
  const help = helpOfVerb(ops, show, 'things show');
  expect(help).toContain('Usage: npm run ops -- things show STREAM [PLACE] [options]');
  expect(help).toMatch(/--max N +how many \(unless said: 5\)/);
  expect(help).toMatch(/--dry-run +only tell/);
  expect(help).toContain('npm run ops -- things show a');
  expect(help).toMatch(/1 +it is not there/);
});

// What holds of every verb there is.
test.each(verbsOf(entries).map(({ path, verb }) => [path, verb] as const))(
  '%s: its help is complete, and its examples are command lines that it takes',
  (path, verb) => {
    const help = helpOfVerb(ops, verb, path);
    for (const option of allOptions(ops, verb)) {
      expect(option.description, flagName(option)).not.toBe('');
      expect(help).toContain(option.spelling);
    }
    for (const { line } of verb.examples) {
      const words = /npm run (?:-s )?ops -- ([^|)<>]*)/.exec(line)?.[1]?.trim();
      expect(words, line).toBeDefined();
      const argv = (words ?? '').replaceAll(/['"]/g, '').split(/\s+/);
      expect(parseWish(ops, argv)).toMatchObject({ kind: 'run' });
    }
    expect(helpOfProgram(ops)).toContain(verb.summary);
  },
);

test.each(entries.filter(isGroup).map((group) => [group.name, group] as const))(
  'the help of the group %s lists its verbs with examples',
  (_name, group) => {
    const help = helpOfGroup(ops, group);
    for (const { name, summary, examples } of group.verbs) {
      expect(help).toContain(summary);
      expect(help).toContain(name);
      expect(help).toContain(examples[0].line);
    }
  },
);
