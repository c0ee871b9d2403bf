import { z } from 'zod';

/**
 * Personal data is marked where it is declared. A marked field is encrypted under its person's key
 * before an event is stored (platform/keys) and comes back as `null` once that key was destroyed,
 * so every reader has to say what an erased person looks like.
 */
export type PersonalMark = {
  /** The top-level field of the event's data that carries the person's id. */
  readonly subject: string;
  /** Keys are per person and purpose: contact data can be erased while medical data is kept. */
  readonly purpose: 'contact' | 'pets';
};

const marks = z.registry<PersonalMark>();

/** Marks a field as personal. It becomes nullable: `null` is what an erased person leaves. */
export function personal<T extends z.ZodType>(schema: T, mark: PersonalMark): z.ZodNullable<T> {
  const nullable = schema.nullable();
  marks.add(nullable, mark);
  return nullable;
}

/** One marked field of an event schema: the path of keys that leads to it, and its mark. */
export type PersonalPath = { readonly path: readonly string[]; readonly mark: PersonalMark };

/**
 * Every marked field of an object schema. A mark anywhere else (in an array, a union, a record,
 * behind a default or a transformation) could not be followed to a value: an error, not a leak.
 */
export function personalPaths(schema: z.ZodType, path: readonly string[] = []): PersonalPath[] {
  const mark = marks.get(schema);
  if (mark !== undefined) return [{ path, mark }];
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return personalPaths(schema.unwrap() as z.ZodType, path);
  }
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, field]) =>
      personalPaths(field as z.ZodType, [...path, key]),
    );
  }
  if (hasMark(schema)) {
    throw new TypeError(
      `personal data inside a ${schema.type} at /${path.join('/')}: lift it to a field of an object`,
    );
  }
  return [];
}

/** Whether a schema or anything it is made of is marked, whatever kinds of schema there are. */
function hasMark(schema: z.ZodType, seen = new Set<unknown>()): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  // A lazy schema hides what it is made of behind a function.
  if (schema instanceof z.ZodLazy) return hasMark(schema.unwrap() as z.ZodType, seen);
  return marks.has(schema) || Object.values(schema.def).some((part) => partHasMark(part, seen));
}

function partHasMark(part: unknown, seen: Set<unknown>): boolean {
  if (part instanceof z.ZodType) return hasMark(part, seen);
  if (Array.isArray(part)) return part.some((each) => partHasMark(each, seen));
  if (typeof part !== 'object' || part === null || seen.has(part)) return false;
  seen.add(part);
  return Object.values(part).some((each) => partHasMark(each, seen));
}
