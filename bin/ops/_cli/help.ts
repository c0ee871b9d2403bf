import { allOptions, common, type Option, optionsOf } from './options.ts';
import { usageLine } from './parse.ts';
import { type Entry, type Group, isGroup, type Verb } from './verb.ts';

/** Every verb with the words that are typed for it. */
export function verbsOf(entries: readonly Entry[]): readonly { path: string; verb: Verb }[] {
  return entries.flatMap((entry) =>
    isGroup(entry)
      ? entry.verbs.map((verb) => ({ path: `${entry.name} ${verb.name}`, verb }))
      : [{ path: entry.name, verb: entry }],
  );
}

/** What each exit code means; `finding`: what 1 means for a verb. */
export const exitLines = (finding?: string): readonly (readonly [string, string])[] => [
  ['0', 'done, and what was asked about is well'],
  ['1', finding ?? 'what was asked about is not well'],
  ['2', 'the command line is not usable; the error says what would be right'],
  ['3', 'the platform could not be asked: nothing runs, or a part does not answer'],
];

export function helpOfOps(entries: readonly Entry[]): string {
  const verbs = verbsOf(entries);
  return [
    'Looks after a running platform: what is well, what is not, and what to do about it.',
    '',
    'Usage: npm run ops -- VERB [options]',
    '',
    'Verbs:',
    ...columns(verbs.map(({ path, verb }) => [path, verb.summary])),
    '',
    'Options of all of them:',
    ...columns(optionsOf(common).map(optionRow)),
    '',
    'Examples:',
    ...verbs.map(({ verb }) => `  ${verb.examples[0].line}`),
    '',
    'Exit codes:',
    ...columns(exitLines()),
    '',
    'Beside `npm start` it finds the platform by the data folder. A variable of the configuration',
    '(DATABASE_URL, EVENTSTORE_URL, …) comes before what it finds there.',
    '',
  ].join('\n');
}

export function helpOfGroup(group: Group): string {
  return [
    `${group.summary}.`,
    '',
    `Usage: npm run ops -- ${group.name} VERB [options]`,
    '',
    'Verbs:',
    ...columns(group.verbs.map(({ name, summary }) => [name, summary])),
    '',
    'Examples:',
    ...exampleLines(group.verbs.flatMap(({ examples }) => examples)),
    '',
    `npm run ops -- ${group.name} VERB --help tells the options of a verb.`,
    '',
  ].join('\n');
}

export function helpOfVerb(verb: Verb, path: string): string {
  const options = allOptions(verb);
  const places = options.filter(({ positional }) => positional);
  return [
    `${verb.summary}.`,
    ...(verb.description === undefined ? [] : ['', verb.description]),
    '',
    `Usage: ${usageLine(verb, path)}`,
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
      exitLines(verb.finding).filter(([code]) => code !== '1' || verb.finding !== undefined),
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
