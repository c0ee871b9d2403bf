/**
 * A protobuf writer that fills its buffer from the end. A message's length comes before its fields,
 * so written backwards it is known when it is needed, and an event is encoded in one pass without
 * copying. Fields are therefore put in reverse order.
 *
 * It stands apart from that of the event store node, which must not share a mistake with its client.
 */
export type Output = { buffer: Buffer; at: number };

export const output = (capacity: number): Output => ({
  buffer: Buffer.allocUnsafe(capacity),
  at: capacity,
});

const VARINT = 0;
const BYTES = 2;

const room = (out: Output, bytes: number): void => {
  if (out.at >= bytes) return;
  const used = out.buffer.length - out.at;
  const buffer = Buffer.allocUnsafe((used + bytes) * 2);
  out.buffer.copy(buffer, buffer.length - used, out.at);
  out.at = buffer.length - used;
  out.buffer = buffer;
};

/** Non-negative and safe. */
const putVarint = (out: Output, value: number): void => {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
  out.at -= length;
  let at = out.at;
  let rest = value;
  while (rest >= 128) {
    out.buffer[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  out.buffer[at] = rest;
};

const putTag = (out: Output, field: number, wireType: number): void =>
  putVarint(out, field * 8 + wireType);

export const putNumber = (out: Output, field: number, value: number): void => {
  room(out, 16);
  putVarint(out, value);
  putTag(out, field, VARINT);
};

export const putString = (out: Output, field: number, text: string): void => {
  const length = Buffer.byteLength(text);
  room(out, length + 16);
  out.at -= length;
  out.buffer.write(text, out.at, length, 'utf8');
  putVarint(out, length);
  putTag(out, field, BYTES);
};

/** Where a message ends; hand it to `putHeader` when its fields are in. */
export const used = (out: Output): number => out.buffer.length - out.at;

export const putHeader = (out: Output, field: number, usedBefore: number): void => {
  room(out, 16);
  putVarint(out, used(out) - usedBefore);
  putTag(out, field, BYTES);
};

export const putEmpty = (out: Output, field: number): void => putHeader(out, field, used(out));

export const finished = (out: Output): Buffer => out.buffer.subarray(out.at);
