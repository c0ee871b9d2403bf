import { z } from 'zod';
import { instantSchema } from '../../domain/_kernel/time.ts';

/** Of every list: how many items at most. Query strings are text, so it is read as a number. */
export const limitSchema = z.coerce
  .number()
  .int()
  .min(1)
  .max(200)
  .default(50)
  .meta({ description: 'Most items of the page', example: 50 });

type CursorValue = string | number;

function parse(text: string): CursorValue[] | null {
  try {
    const values: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    // Postgres has no text with a zero byte.
    const fine = (value: unknown) =>
      typeof value === 'string' ? !value.includes('\0') : Number.isSafeInteger(value);
    return Array.isArray(values) && values.every(fine) ? (values as CursorValue[]) : null;
  } catch {
    // Not base64url of JSON: the schema says so to the client.
    return null;
  }
}

export type CursorKind = 'text' | 'number' | 'revision' | 'instant';

/** A revision is a Postgres integer; a larger number would be an error of the database. */
const MOST_REVISION = 2_147_483_647;

const isKind: Readonly<Record<CursorKind, (value: CursorValue) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  revision: (value) => typeof value === 'number' && value >= 0 && value <= MOST_REVISION,
  instant: (value) => instantSchema.safeParse(value).success,
};

/** An opaque cursor over a keyset of these types, as `nextCursor` gave it. */
export function cursorSchema(...kinds: readonly CursorKind[]) {
  const fits = (text: string): boolean => {
    const values = parse(text);
    if (values?.length !== kinds.length) return false;
    return kinds.every((kind, index) => isKind[kind](values[index] ?? ''));
  };
  return z
    .string()
    .max(500)
    .refine(fits, { error: 'expected a cursor as nextCursor gave it' })
    .optional()
    .meta({ description: 'Where the page starts: `nextCursor` of the page before' });
}

export const encodeCursor = (...values: readonly CursorValue[]): string =>
  Buffer.from(JSON.stringify(values), 'utf8').toString('base64url');

/** The keyset in a cursor that its schema accepted. */
export function decodeCursor(text: string): readonly CursorValue[] {
  const values = parse(text);
  if (values === null) throw new RangeError('the cursor was not checked by its schema');
  return values;
}

/** `{ items, nextCursor }`, with the fields a page says besides. */
export function pageSchema<Item extends z.ZodType, More extends z.ZodRawShape>(
  item: Item,
  more: More,
): z.ZodObject<
  { items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> } & More,
  z.core.$strict
>;
export function pageSchema<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> }, z.core.$strict>;
export function pageSchema(item: z.ZodType, more: z.ZodRawShape = {}): z.ZodType {
  return z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'Null: this is the last page' }),
    ...more,
  });
}

/**
 * A page out of one row more than asked for: the row too many is not shown, it only tells that
 * there is another page.
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  show: (row: Row) => Item,
  cursor: (row: Row) => string,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(show),
    nextCursor: rows.length > limit && last !== undefined ? cursor(last) : null,
  };
}
