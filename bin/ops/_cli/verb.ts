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

/** What every verb of every program is run with. */
export type BaseContext = {
  readonly out: Output;
  /** Aborts when the person has had enough (Ctrl-C). */
  readonly signal: AbortSignal;
};

/** What a verb of `npm run ops` is run with. */
export type OpsContext = BaseContext & { readonly platform: Platform };

/** The same, with its options and arguments, parsed by the verb's schema. */
export type Run<Input, Context = OpsContext> = Context & { readonly input: Input };

/**
 * One definition per verb; parsing, `--help`, the reference page and their specs are derived.
 * Every option says what it is with `.meta({ description, value? })`: a boolean is a flag, anything
 * else takes a text, which help shows as `value` (its name in capitals, unless said otherwise).
 */
export type VerbDefinition<I extends z.ZodObject, Context = OpsContext> = {
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
  run(run: Run<z.output<I>, Context>): Promise<ExitCode>;
};

/** A verb as the command line handles it, whatever its input. */
export type Verb<Context = OpsContext> = Omit<
  VerbDefinition<z.ZodObject, Context>,
  'run' | 'positional'
> & {
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

export type Group<Context = OpsContext> = {
  readonly name: string;
  readonly summary: string;
  readonly verbs: readonly Verb<Context>[];
};

export type Entry<Context = OpsContext> = Verb<Context> | Group<Context>;

export const isGroup = <Context>(entry: Entry<Context>): entry is Group<Context> =>
  'verbs' in entry;

/** A command of verbs, as a table. */
export type Program<Context = OpsContext, Common extends z.ZodObject = z.ZodObject> = {
  /** As it is called in errors: `ops`. */
  readonly name: string;
  /** As it is typed: `npm run ops --`. */
  readonly command: string;
  readonly summary: string;
  readonly entries: readonly Entry<Context>[];
  /** Options that every verb takes. */
  readonly common: Common;
  /** What exit code 3 means. */
  readonly unavailable: string;
  /** Last lines of the help. */
  readonly notes: readonly string[];
};

/** Makes a verb of its definition; its input is what its schema says. */
export function defineVerb<I extends z.ZodObject, Context = OpsContext>(
  definition: VerbDefinition<I, Context>,
): Verb<Context> {
  const { run, ...rest } = definition;
  return {
    ...rest,
    prepare: (typed, spelling) => {
      const input = parseNamed(definition.input, typed, spelling);
      return (context) => run({ ...context, input });
    },
  };
}
