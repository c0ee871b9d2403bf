/**
 * A look over a request before the generated classes make objects of it. They trust what they read:
 * the length of a nested message is not held against the end of its bytes (six bytes keep them busy
 * for seconds, and the node with them), and an empty event of two bytes becomes an object of hundreds.
 */

/** Which fields of a message are messages themselves, and what those are like. */
export type Shape = { readonly [field: number]: Shape };

/** Enough for the largest append there can be: its events have a dozen fields each. */
const MOST_FIELDS = 250_000;
/** Bytes of a number; it may use up to ten of them. */
const MOST_VARINT = 10;
const FIXED_BYTES: { readonly [wireType: number]: number } = { 1: 8, 5: 4 };
const VARINT = 0;
const DELIMITED = 2;

/** The bytes are no such request; nothing of it is read. */
export class MalformedRequestError extends Error {
  override name = 'MalformedRequestError';
}

type Cursor = { readonly bytes: Uint8Array; at: number; fields: number };

const varint = (cursor: Cursor, end: number): number => {
  const { bytes, at } = cursor;
  let value = 0;
  let factor = 1;
  for (let read = 0; read < MOST_VARINT && at + read < end; read += 1) {
    const byte = bytes[at + read] ?? 0;
    value += (byte & 127) * factor;
    factor *= 128;
    if (byte < 128) {
      cursor.at = at + read + 1;
      return value;
    }
  }
  throw new MalformedRequestError('a number does not end');
};

const walk = (cursor: Cursor, end: number, shape: Shape): void => {
  while (cursor.at < end) {
    cursor.fields += 1;
    if (cursor.fields > MOST_FIELDS) {
      throw new MalformedRequestError(`a request has at most ${MOST_FIELDS} fields`);
    }
    const tag = varint(cursor, end);
    const wireType = tag % 8;
    const nested = shape[Math.floor(tag / 8)];
    if (wireType === DELIMITED) {
      const length = varint(cursor, end);
      if (length > end - cursor.at) throw new MalformedRequestError('a field is longer than it is');
      if (nested === undefined) cursor.at += length;
      else walk(cursor, cursor.at + length, nested);
    } else if (nested !== undefined) {
      throw new MalformedRequestError('a number stands where a message belongs');
    } else if (wireType === VARINT) varint(cursor, end);
    else cursor.at += fixed(wireType, end - cursor.at);
  }
};

const fixed = (wireType: number, left: number): number => {
  const bytes = FIXED_BYTES[wireType];
  if (bytes === undefined || bytes > left) {
    throw new MalformedRequestError(`a field of wire type ${wireType} cannot be read`);
  }
  return bytes;
};

/** Throws `MalformedRequestError` for what is not safe to be parsed. */
export const checkShape = (bytes: Uint8Array, shape: Shape): void =>
  walk({ bytes, at: 0, fields: 0 }, bytes.length, shape);

/** A parser that looks first; `mostBytes` is for requests that are never large. */
export const checked =
  <Request>(
    parse: (bytes: Buffer) => Request,
    shape: Shape,
    mostBytes: number = Number.POSITIVE_INFINITY,
  ) =>
  (bytes: Buffer): Request => {
    if (bytes.length > mostBytes) {
      throw new MalformedRequestError(`such a request has at most ${mostBytes} bytes`);
    }
    checkShape(bytes, shape);
    return parse(bytes);
  };

const leaf: Shape = {};
const uuid: Shape = { 1: leaf };
const expected = { 3: leaf, 4: leaf, 5: leaf };
const properties = { 2: leaf };
const event: Shape = { 1: uuid, ...properties };
const filter: Shape = { 1: leaf, 2: leaf, 4: leaf };

/** The requests of streams.proto and projections.proto; every field that is a message has to be here. */
export const shapes = {
  read: {
    1: {
      1: { 1: leaf, 3: leaf, 4: leaf },
      2: { 1: leaf, 2: leaf, 3: leaf },
      6: leaf,
      7: filter,
      8: leaf,
      9: { 1: leaf, 2: leaf },
      10: leaf,
    },
  },
  append: { 1: { 1: leaf, ...expected }, 2: event },
  // 6 and 7 are the deadline, as a time and as a duration.
  batchAppend: { 1: uuid, 2: { 1: leaf, ...expected, 6: leaf, 7: leaf }, 3: event },
  delete: { 1: { 1: leaf, ...expected } },
  // A projection by its name; which ones; its query, and that it shall emit nothing.
  named: { 1: leaf },
  statistics: { 1: { 2: leaf, 3: leaf, 4: leaf, 5: leaf } },
  update: { 1: { 4: leaf } },
  empty: leaf,
} as const satisfies Readonly<Record<string, Shape>>;
