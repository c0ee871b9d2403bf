import { z } from 'zod';

/**
 * Text that people typed: well-formed Unicode (a lone surrogate cannot be stored in Postgres as
 * UTF-8), no control characters beyond line breaks and tabs, trimmed length within bounds.
 */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

export function textSchema(min: number, max: number) {
  return (
    z
      .string()
      // Says it all: of an empty text nothing else has to be said.
      .min(min, { error: `expected at least ${characters(min)}`, abort: true })
      .max(max, { error: `expected at most ${characters(max)}` })
      .refine((text) => text.isWellFormed(), {
        error: 'expected well-formed Unicode (no lone surrogates)',
      })
      .refine((text) => !FORBIDDEN.test(text), { error: 'expected no control characters' })
      .refine((text) => min === 0 || text.trim().length >= min, {
        error: `expected at least ${characters(min, 'visible ')}`,
      })
  );
}

function characters(count: number, which = ''): string {
  return `${count} ${which}${count === 1 ? 'character' : 'characters'}`;
}

/** One line: no line breaks either. */
export function lineSchema(min: number, max: number) {
  return textSchema(min, max).refine((text) => !/[\r\n\t]/.test(text), {
    error: 'expected one line',
  });
}

/** A name in URLs: lower-case letters, digits and single dashes. */
export const slugSchema = z
  .string()
  .max(80)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, {
    error: 'expected lower-case letters, digits and dashes, such as puppy-first-week',
  });
