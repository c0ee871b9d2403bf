/** Protobuf by hand: what generated classes would never let through can be written, too. */

export const varint = (value: bigint | number): Buffer => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
};

type Value = bigint | number | boolean | string | Uint8Array;

/** A field: numbers as varints, texts and bytes with their length. */
export const field = (number: number, value: Value): Buffer => {
  if (typeof value === 'boolean') return field(number, value ? 1 : 0);
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Buffer.concat([varint(number * 8), varint(value)]);
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
};

export const message = (...fields: readonly (Buffer | undefined)[]): Buffer =>
  Buffer.concat(fields.filter((one) => one !== undefined));

export const EMPTY = Buffer.alloc(0);

/** A message as gRPC frames it: a flag for compression and four bytes of length. */
export const framed = (
  body: Uint8Array,
  { flag = 0, length = body.length }: { flag?: number; length?: number } = {},
): Buffer => {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
};
