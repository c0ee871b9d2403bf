import { parseArgs } from 'node:util';
import { parseNamed, UsageError } from '../../start/options.ts';
import { allOptions, type Common, common, flagName, type Option, optionsOf } from './options.ts';
import { type Entry, type Group, isGroup, type Verb } from './verb.ts';

/** What a command line asks for. `path` names the verb as it is typed: `projections status`. */
export type Wish =
  | { readonly kind: 'help'; readonly about: Entry | null; readonly path: string }
  /** Half a command: the help of what there is, and not a success. */
  | { readonly kind: 'incomplete'; readonly about: Group | null; readonly path: string }
  | {
      readonly kind: 'run';
      readonly run: ReturnType<Verb['prepare']>;
      readonly common: Common;
    };

const isOption = (word: string | undefined): boolean => word?.startsWith('-') ?? false;

/** Reads a command line. Throws a `UsageError` that names what is wrong and what would be right. */
export function parseWish(entries: readonly Entry[], argv: readonly string[]): Wish {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [first, second] = words;
  if (first === undefined) return { kind: 'incomplete', about: null, path: '' };
  if (isOption(first)) return withoutVerb(null, words, '');
  const entry = named(entries, first, 'ops');
  if (!isGroup(entry)) return parseVerb(entry, words.slice(1), entry.name);
  if (second === undefined) return { kind: 'incomplete', about: entry, path: entry.name };
  if (isOption(second)) return withoutVerb(entry, words.slice(1), entry.name);
  const verb = named(entry.verbs, second, `ops ${entry.name}`);
  return parseVerb(verb, words.slice(2), `${entry.name} ${verb.name}`);
}

function named<E extends Entry>(entries: readonly E[], name: string, of: string): E {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const names = entries.map((entry) => entry.name).join(', ');
  throw new UsageError(`"${name}" is not known: ${of} takes ${names} (--help tells more)`);
}

function withoutVerb(about: Group | null, words: readonly string[], path: string): Wish {
  if (words.includes('--help') || words.includes('-h')) return { kind: 'help', about, path };
  const of = path === '' ? 'ops' : `ops ${path}`;
  throw new UsageError(
    `${words[0]} stands before the verb: ${of} VERB ${words[0]} (--help lists them)`,
  );
}

function parseVerb(verb: Verb, words: readonly string[], path: string): Wish {
  const options = allOptions(verb);
  const given = readWords(words, options, path);
  if (given['help'] === true) return { kind: 'help', about: verb, path };
  const spelling = (key: string): string => {
    const option = options.find((one) => one.key === key);
    return option === undefined ? key : nameOf(option);
  };
  const of = (keys: readonly string[]) =>
    Object.fromEntries(keys.flatMap((key) => (key in given ? [[key, given[key]]] : [])));
  const commonKeys = optionsOf(common).map(({ key }) => key);
  const missing = options.find(({ required, key }) => required && !(key in given));
  if (missing !== undefined) {
    throw new UsageError(
      `${nameOf(missing)} is missing: ${missing.description}\n${usageLine(verb, path)}`,
    );
  }
  return {
    kind: 'run',
    run: verb.prepare(of(Object.keys(verb.input.shape)), spelling),
    common: parseNamed(common, of(commonKeys), spelling),
  };
}

const nameOf = (option: Option): string => (option.positional ? option.spelling : flagName(option));

/** `npm run ops -- sagas show SAGA INSTANCE [options]`. */
export function usageLine(verb: Verb, path: string): string {
  const places = allOptions(verb)
    .filter(({ positional }) => positional)
    .map(({ spelling, required }) => (required ? spelling : `[${spelling}]`));
  return ['npm run ops --', path, ...places, '[options]'].join(' ');
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
  const places = options.filter(({ positional }) => positional);
  const placed = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const extra = placed[places.length];
  if (extra !== undefined) {
    throw new UsageError(
      `"${extra}" is one word too many for ops ${path} (--help tells what it takes)`,
    );
  }
  const byPlace = places.flatMap(({ key }, index) =>
    placed[index] === undefined ? [] : [[key, placed[index]] as const],
  );
  const byName = tokens.flatMap((token) => {
    if (token.kind !== 'option') return [];
    const option = typed.find((one) => flagName(one) === `--${token.name}`);
    if (option === undefined) throw unknownOption(token.rawName, typed, path);
    return [[option.key, valueFor(option, token.value)] as const];
  });
  return Object.fromEntries([...byPlace, ...byName]);
}

function unknownOption(name: string, typed: readonly Option[], path: string): UsageError {
  const known = typed.map(({ spelling }) => spelling).join(', ');
  return new UsageError(`${name} is not known: ops ${path} takes ${known}`);
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
