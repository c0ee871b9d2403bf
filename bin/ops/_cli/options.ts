import { z } from 'zod';
import type { Verb } from './verb.ts';

/** Options that every verb takes. */
export const common = z.strictObject({
  json: z.boolean().default(false).meta({ description: 'print JSON, for scripts' }),
  data: z
    .string()
    .min(1, { error: 'expected a folder' })
    .optional()
    .meta({ description: 'data folder of the platform (DATA_DIR, or .data)', value: 'DIR' }),
  help: z.boolean().default(false).meta({ description: 'this text' }),
});

export type Common = z.output<typeof common>;

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
export const allOptions = (verb: Verb): readonly Option[] => [
  ...optionsOf(verb.input, verb.positional),
  ...optionsOf(common),
];

/** How an option is typed, without its value. */
export const flagName = (option: Option): string => option.spelling.split(' ', 1)[0] ?? '';

function isFlag(type: z.ZodType): boolean {
  if (type instanceof z.ZodDefault || type instanceof z.ZodOptional) {
    return isFlag(type.unwrap() as z.ZodType);
  }
  return type instanceof z.ZodBoolean;
}
