import type { z } from 'zod';
import { parseNamed } from '../../start/options.ts';
import type { Output } from './output.ts';
import type { Platform } from './platform.ts';

/** What the exit code says to a script. */
export const exits = {
  well: 0,
  /** What was asked about is not well: a part is down, a file is damaged, a difference is there. */
  finding: 1,
  /** The command line is not usable. */
  usage: 2,
  /** The platform could not be asked: nothing runs, or a part does not answer. */
  unavailable: 3,
} as const;

export type ExitCode = (typeof exits)[keyof typeof exits];

export type Example = { readonly line: string; readonly does: string };

/** What a verb is run with. */
export type Run<Input> = {
  /** Options and arguments, parsed by the verb's schema. */
  readonly input: Input;
  readonly platform: Platform;
  readonly out: Output;
  /** Aborts when the person has had enough (Ctrl-C). */
  readonly signal: AbortSignal;
};

/**
 * One definition per verb; parsing, `--help`, the reference page and their specs are derived.
 * Every option says what it is with `.meta({ description, value? })`: a boolean is a flag, anything
 * else takes a text, which help shows as `value` (its name in capitals, unless said otherwise).
 */
export type VerbDefinition<I extends z.ZodObject> = {
  readonly name: string;
  /** One line, beginning with a verb. */
  readonly summary: string;
  /** What somebody has to know besides. */
  readonly description?: string;
  readonly input: I;
  /** Those of `input` that are given by their place, in this order. */
  readonly positional: readonly (keyof z.output<I> & string)[];
  readonly examples: readonly [Example, ...Example[]];
  /** What exit code 1 means here; left out: it never ends so. */
  readonly finding?: string;
  run(run: Run<z.output<I>>): Promise<ExitCode>;
};

type Context = Omit<Run<never>, 'input'>;

/** A verb as the command line handles it, whatever its input. */
export type Verb = Omit<VerbDefinition<z.ZodObject>, 'run' | 'positional'> & {
  readonly positional: readonly string[];
  /**
   * Parses what was typed, by the keys of `input`; what comes back runs the verb. Throws a
   * `UsageError` that names each problem by `spelling`.
   */
  prepare(
    typed: Readonly<Record<string, unknown>>,
    spelling: (key: string) => string,
  ): (context: Context) => Promise<ExitCode>;
};

export type Group = {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Verb[];
};

export type Entry = Verb | Group;

export const isGroup = (entry: Entry): entry is Group => 'verbs' in entry;

/** Makes a verb of its definition; its input is what its schema says. */
export function defineVerb<I extends z.ZodObject>(definition: VerbDefinition<I>): Verb {
  const { run, ...rest } = definition;
  return {
    ...rest,
    prepare: (typed, spelling) => {
      const input = parseNamed(definition.input, typed, spelling);
      return (context) => run({ ...context, input });
    },
  };
}
