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

export function personal<T extends z.ZodType>(schema: T, mark: PersonalMark): z.ZodNullable<T> {
  const nullable = schema.nullable();
  marks.add(nullable, mark);
  return nullable;
}

/** One marked field of an event schema: the path of keys that leads to it, and its mark. */
export type PersonalPath = { readonly path: readonly string[]; readonly mark: PersonalMark };

/** Every marked field of an object schema. Arrays and unions cannot carry marks: an error, not a leak. */
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
  const inner =
    schema instanceof z.ZodArray
      ? [schema.element as z.ZodType]
      : schema instanceof z.ZodUnion
        ? (schema.options as z.ZodType[])
        : [];
  for (const part of inner) {
    if (personalPaths(part, path).length > 0) {
      throw new TypeError(
        `personal data inside an array or a union at /${path.join('/')}: lift it to a field`,
      );
    }
  }
  return [];
}
