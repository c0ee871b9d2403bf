import { type ParseArgsConfig, parseArgs } from 'node:util';
import { z } from 'zod';

/** The options of a command line by its schema, or what is wrong with them. */
export function optionsOf<Schema extends z.ZodType>(
  argv: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
  schema: Schema,
): z.output<Schema> | string {
  try {
    const { values } = parseArgs({ args: [...argv], options });
    const parsed = schema.safeParse(values);
    return parsed.success ? parsed.data : z.prettifyError(parsed.error);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
