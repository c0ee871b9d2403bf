import { allOptions, type Option, optionsOf } from './options.ts';
import { usageLine } from './parse.ts';
import { type Entry, type Group, isGroup, type Program, type Verb } from './verb.ts';

/** Every verb with the words that are typed for it. */
export function verbsOf<Context>(
  entries: readonly Entry<Context>[],
): readonly { path: string; verb: Verb<Context> }[] {
  return entries.flatMap((entry) =>
    isGroup(entry)
      ? entry.verbs.map((verb) => ({ path: `${entry.name} ${verb.name}`, verb }))
      : [{ path: entry.name, verb: entry }],
  );
}

/** What each exit code means; `finding`: what 1 means for a verb. */
export const exitLines = (
  { unavailable }: { readonly unavailable: string },
  finding?: string,
): readonly (readonly [string, string])[] => [
  ['0', 'done, and what was asked about is well'],
  ['1', finding ?? 'what was asked about is not well'],
  ['2', 'the command line is not usable; the error says what would be right'],
  ['3', unavailable],
];

export function helpOfProgram<Context>(program: Program<Context>): string {
  const verbs = verbsOf(program.entries);
  return [
    program.summary,
    '',
    `Usage: ${program.command} VERB [options]`,
    '',
    'Verbs:',
    ...columns(verbs.map(({ path, verb }) => [path, verb.summary])),
    '',
    'Options of all of them:',
    ...columns(optionsOf(program.common).map(optionRow)),
    '',
    'Examples:',
    ...verbs.map(({ verb }) => `  ${verb.examples[0].line}`),
    '',
    'Exit codes:',
    ...columns(exitLines(program)),
    '',
    ...program.notes,
    '',
  ].join('\n');
}

export function helpOfGroup<Context>(
  { command }: Pick<Program<Context>, 'command'>,
  group: Group<Context>,
): string {
  return [
    `${group.summary}.`,
    '',
    `Usage: ${command} ${group.name} VERB [options]`,
    '',
    'Verbs:',
    ...columns(group.verbs.map(({ name, summary }) => [name, summary])),
    '',
    'Examples:',
    ...exampleLines(group.verbs.flatMap(({ examples }) => examples)),
    '',
    `${command} ${group.name} VERB --help tells the options of a verb.`,
    '',
  ].join('\n');
}

export function helpOfVerb<Context>(
  program: Pick<Program<Context>, 'command' | 'common' | 'unavailable'>,
  verb: Verb<Context>,
  path: string,
): string {
  const options = allOptions(program, verb);
  const places = options.filter(({ positional }) => positional);
  return [
    `${verb.summary}.`,
    ...(verb.description === undefined ? [] : ['', verb.description]),
    '',
    `Usage: ${usageLine(program, verb, path)}`,
    ...(places.length === 0 ? [] : ['', 'Arguments:', ...columns(places.map(optionRow))]),
    '',
    'Options:',
    ...columns(options.filter(({ positional }) => !positional).map(optionRow)),
    '',
    'Examples:',
    ...exampleLines(verb.examples),
    '',
    'Exit codes:',
    ...columns(
      exitLines(program, verb.finding).filter(
        ([code]) => code !== '1' || verb.finding !== undefined,
      ),
    ),
    '',
  ].join('\n');
}

const exampleLines = (examples: Verb['examples'] | readonly Verb['examples'][number][]) =>
  examples.flatMap(({ line, does }) => [`  ${line}`, `      ${does}`]);

export const optionRow = ({
  spelling,
  description,
  fallback,
}: Option): readonly [string, string] => [
  spelling,
  fallback === undefined ? description : `${description} (unless said: ${fallback})`,
];

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
}

/** Of a program, a group or a verb, whatever was asked about. */
export function helpOf<Context>(
  program: Program<Context>,
  { about, path }: { readonly about: Entry<Context> | null; readonly path: string },
): string {
  if (about === null) return helpOfProgram(program);
  return isGroup(about) ? helpOfGroup(program, about) : helpOfVerb(program, about, path);
}
