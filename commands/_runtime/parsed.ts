import type { z } from 'zod';
import { InvalidInput } from './errors.ts';

/** No text of JSON has a property of this name, so nobody outside can say of a value that it was parsed. */
const PARSED = Symbol('parsed');

/** A value and the schema that made it. */
export type Parsed<Schema extends z.ZodType = z.ZodType> = {
  readonly [PARSED]: Schema;
  readonly value: z.output<Schema>;
};

/**
 * Says of a value that this very schema made it. Whoever has to parse the input before the bus does
 * (the write API, whose validator names what is wrong with a request) hands it on as this, and it is
 * not parsed again.
 */
export const parsedBy = <Schema extends z.ZodType>(
  schema: Schema,
  value: z.output<Schema>,
): Parsed<Schema> => ({ [PARSED]: schema, value });

function isParsedBy<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): value is Parsed<Schema> {
  return typeof value === 'object' && value !== null && PARSED in value && value[PARSED] === schema;
}

/** What the schema makes of the value. Throws `InvalidInput`, whose paths begin with `where`. */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  if (isParsedBy(schema, value)) return value.value;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidInput(
    result.error.issues.map(({ path, message }) => ({ path: [where, ...path], message })),
  );
}
