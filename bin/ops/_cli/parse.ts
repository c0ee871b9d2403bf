import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { parseNamed, UsageError } from '../../start/options.ts';
import { allOptions, flagName, type Option, optionsOf } from './options.ts';
import { type Entry, type Group, isGroup, type Program, type Verb } from './verb.ts';

/** What a command line asks for. `path` names the verb as it is typed: `projections status`. */
export type Wish<Context, Common extends z.ZodObject> =
  | { readonly kind: 'help'; readonly about: Entry<Context> | null; readonly path: string }
  /** Half a command: the help of what there is, and not a success. */
  | { readonly kind: 'incomplete'; readonly about: Group<Context> | null; readonly path: string }
  | {
      readonly kind: 'run';
      readonly run: ReturnType<Verb<Context>['prepare']>;
      readonly common: z.output<Common>;
    };

const isOption = (word: string | undefined): boolean => word?.startsWith('-') ?? false;

/** Reads a command line. Throws a `UsageError` that names what is wrong and what would be right. */
export function parseWish<Context, Common extends z.ZodObject>(
  program: Program<Context, Common>,
  argv: readonly string[],
): Wish<Context, Common> {
  const { entries, name } = program;
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [first, second] = words;
  if (first === undefined) return { kind: 'incomplete', about: null, path: '' };
  if (isOption(first)) return withoutVerb(program, null, words);
  const entry = named(entries, first, name);
  if (!isGroup(entry)) return parseVerb(program, entry, words.slice(1), entry.name);
  if (second === undefined) return { kind: 'incomplete', about: entry, path: entry.name };
  if (isOption(second)) return withoutVerb(program, entry, words.slice(1));
  const verb = named(entry.verbs, second, `${name} ${entry.name}`);
  return parseVerb(program, verb, words.slice(2), `${entry.name} ${verb.name}`);
}

function named<E extends { readonly name: string }>(
  entries: readonly E[],
  name: string,
  of: string,
): E {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const names = entries.map((entry) => entry.name).join(', ');
  throw new UsageError(`"${name}" is not known: ${of} takes ${names} (--help tells more)`);
}

function withoutVerb<Context, Common extends z.ZodObject>(
  { name }: Program<Context, Common>,
  about: Group<Context> | null,
  words: readonly string[],
): Wish<Context, Common> {
  const path = about?.name ?? '';
  if (words.includes('--help') || words.includes('-h')) return { kind: 'help', about, path };
  const of = path === '' ? name : `${name} ${path}`;
  throw new UsageError(
    `${words[0]} stands before the verb: ${of} VERB ${words[0]} (--help lists them)`,
  );
}

function parseVerb<Context, Common extends z.ZodObject>(
  program: Program<Context, Common>,
  verb: Verb<Context>,
  words: readonly string[],
  path: string,
): Wish<Context, Common> {
  const options = allOptions(program, verb);
  const given = readWords(words, options, `${program.name} ${path}`);
  if (given['help'] === true) return { kind: 'help', about: verb, path };
  const spelling = (key: string): string => {
    const option = options.find((one) => one.key === key);
    return option === undefined ? key : nameOf(option);
  };
  const of = (keys: readonly string[]) =>
    Object.fromEntries(keys.flatMap((key) => (key in given ? [[key, given[key]]] : [])));
  const commonKeys = optionsOf(program.common).map(({ key }) => key);
  const missing = options.find(({ required, key }) => required && !(key in given));
  if (missing !== undefined) {
    throw new UsageError(
      `${nameOf(missing)} is missing: ${missing.description}\n${usageLine(program, verb, path)}`,
    );
  }
  return {
    kind: 'run',
    run: verb.prepare(of(Object.keys(verb.input.shape)), spelling),
    common: parseNamed(program.common, of(commonKeys), spelling),
  };
}

const nameOf = (option: Option): string => (option.positional ? option.spelling : flagName(option));

/** `npm run ops -- sagas show SAGA INSTANCE [options]`. */
export function usageLine<Context>(
  program: Pick<Program<Context>, 'command' | 'common'>,
  verb: Verb<Context>,
  path: string,
): string {
  const places = allOptions(program, verb)
    .filter(({ positional }) => positional)
    .map(({ spelling, required }) => (required ? spelling : `[${spelling}]`));
  return [program.command, path, ...places, '[options]'].join(' ');
}

/** The words behind the verb, by the keys of its options; nothing of them is parsed yet. */
function readWords(
  words: readonly string[],
  options: readonly Option[],
  path: string,
): Record<string, unknown> {
  const typed = options.filter(({ positional }) => !positional);
  const { tokens } = parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      typed.map((option) => [
        flagName(option).slice(2),
        {
          type: option.flag ? ('boolean' as const) : ('string' as const),
          ...(option.key === 'help' ? { short: 'h' } : {}),
        },
      ]),
    ),
  });
  // First of all: the value of an option that is not known looks like a word.
  const byName = tokens.flatMap((token) => {
    if (token.kind !== 'option') return [];
    const option = typed.find((one) => flagName(one) === `--${token.name}`);
    if (option === undefined) throw unknownOption(token.rawName, typed, path);
    return [[option.key, valueFor(option, token.value)] as const];
  });
  const places = options.filter(({ positional }) => positional);
  const placed = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const extra = placed[places.length];
  if (extra !== undefined) {
    throw new UsageError(
      `"${extra}" is one word too many for ${path} (--help tells what it takes)`,
    );
  }
  const byPlace = places.flatMap(({ key }, index) =>
    placed[index] === undefined ? [] : [[key, placed[index]] as const],
  );
  return Object.fromEntries([...byPlace, ...byName]);
}

function unknownOption(name: string, typed: readonly Option[], path: string): UsageError {
  const known = typed.map(({ spelling }) => spelling).join(', ');
  return new UsageError(`${name} is not known: ${path} takes ${known}`);
}

function valueFor(option: Option, value: string | undefined): unknown {
  if (option.flag) {
    if (value === undefined) return true;
    throw new UsageError(`${flagName(option)} takes no value, got "${value}"`);
  }
  // `--out --json`: the next option is no value.
  if (value !== undefined && !value.startsWith('--')) return value;
  throw new UsageError(`${flagName(option)} takes a value: ${option.spelling}`);
}
