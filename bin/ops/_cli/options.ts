import { z } from 'zod';
import type { Program, Verb } from './verb.ts';

/** Options of every program. */
export const basics = {
  json: z.boolean().default(false).meta({ description: 'print JSON, for scripts' }),
  help: z.boolean().default(false).meta({ description: 'this text' }),
};

/** Options that every verb of `npm run ops` takes. */
export const common = z.strictObject({
  json: basics.json,
  data: z
    .string()
    .min(1, { error: 'expected a folder' })
    .optional()
    .meta({ description: 'data folder of the platform (DATA_DIR, or .data)', value: 'DIR' }),
  help: basics.help,
});

/** An option or argument as help and parsing see it. */
export type Option = {
  /** Its name in the schema. */
  readonly key: string;
  /** As it is typed: `--name VALUE`, `--flag`, or `VALUE` for an argument. */
  readonly spelling: string;
  readonly flag: boolean;
  readonly positional: boolean;
  readonly required: boolean;
  readonly description: string;
  readonly fallback: string | undefined;
};

const kebab = (key: string): string => key.replaceAll(/[A-Z]/g, (one) => `-${one.toLowerCase()}`);

/** Options of a schema, in the order in which they stand there. */
export function optionsOf(
  schema: z.ZodObject,
  positional: readonly string[] = [],
): readonly Option[] {
  return Object.entries(schema.shape).map(([key, field]) => {
    const type = field as z.ZodType;
    const { description = '', value } = type.meta() ?? {};
    const isPositional = positional.includes(key);
    const flag = isFlag(type);
    const name = kebab(key);
    const placeholder = typeof value === 'string' ? value : name.toUpperCase();
    const spelled = flag ? `--${name}` : `--${name} ${placeholder}`;
    return {
      key,
      flag,
      positional: isPositional,
      spelling: isPositional ? placeholder : spelled,
      required: !type.safeParse(undefined).success,
      description,
      fallback: type instanceof z.ZodDefault && !flag ? String(type.def.defaultValue) : undefined,
    };
  });
}

/** All options of a verb, its own first. */
export const allOptions = <Context>(
  program: Pick<Program<Context>, 'common'>,
  verb: Verb<Context>,
): readonly Option[] => [...optionsOf(verb.input, verb.positional), ...optionsOf(program.common)];

/** How an option is typed, without its value. */
export const flagName = (option: Option): string => option.spelling.split(' ', 1)[0] ?? '';

function isFlag(type: z.ZodType): boolean {
  if (type instanceof z.ZodDefault || type instanceof z.ZodOptional) {
    return isFlag(type.unwrap() as z.ZodType);
  }
  return type instanceof z.ZodBoolean;
}
