import { z } from 'zod';

/** How an event is named: by its id, its place in its stream, or its place in the log. */
export type EventPlace =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'revision'; readonly stream: string; readonly revision: number }
  | { readonly kind: 'ordinal'; readonly ordinal: number };

const EXPECTED = 'expected the id of an event, STREAM@REVISION, or an ordinal from 1';

/** `0b9d4a5e-…`, `enrollment-enr_…@3` or `1204`. */
export const eventPlaceSchema = z.string().transform((text, context): EventPlace => {
  if (z.uuid().safeParse(text).success) return { kind: 'id', id: text.toLowerCase() };
  const whole = (digits: string | undefined, least: number): number | null => {
    const parsed = z.coerce.number().int().min(least).safeParse(digits);
    return /^\d{1,15}$/.test(digits ?? '') && parsed.success ? parsed.data : null;
  };
  const ordinal = whole(text, 1);
  if (ordinal !== null) return { kind: 'ordinal', ordinal };
  const at = text.lastIndexOf('@');
  const revision = whole(text.slice(at + 1), 0);
  if (at > 0 && revision !== null) return { kind: 'revision', stream: text.slice(0, at), revision };
  context.addIssue({ code: 'custom', message: EXPECTED });
  return z.NEVER;
});
