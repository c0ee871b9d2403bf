/** The bytes are no message: a number or a field goes on beyond their end. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** A message that is being read, up to `end`; `wireType` is that of the field at hand. */
export type Input = { readonly buffer: Buffer; at: number; end: number; wireType: number };

/** What to do with each field of a message; those that are not named are passed over. */
export type Fields<Into> = {
  readonly [field: number]: (from: Input, into: Into) => void;
};

const VARINT = 0;
const FIXED_64 = 1;
const DELIMITED = 2;
const FIXED_32 = 5;
const MOST_VARINT = 10;
/** Bytes of a varint that a number holds exactly. */
const SAFE_VARINT = 7;

export const input = (buffer: Buffer): Input => ({
  buffer,
  at: 0,
  end: buffer.length,
  wireType: VARINT,
});

const varint = (from: Input): number => {
  const { buffer, at, end } = from;
  let value = 0;
  let factor = 1;
  for (let read = 0; read < MOST_VARINT && at + read < end; read += 1) {
    const byte = buffer[at + read] ?? 0;
    value += (byte & 127) * factor;
    factor *= 128;
    if (byte < 128) {
      from.at = at + read + 1;
      return value;
    }
  }
  throw new MalformedMessageError('a number does not end');
};

const exactly = ({ buffer }: Input, start: number, end: number): bigint => {
  let value = 0n;
  for (let at = end - 1; at >= start; at -= 1) {
    value = (value << 7n) | BigInt((buffer[at] ?? 0) & 127);
  }
  return BigInt.asUintN(64, value);
};

/** Moves behind so many bytes; gives where they began. */
const pass = (from: Input, length: number): number => {
  const start = from.at;
  if (length > from.end - start) throw new MalformedMessageError('a field is longer than it is');
  from.at = start + length;
  return start;
};

const wants = ({ wireType }: Input, wanted: number): void => {
  if (wireType !== wanted) {
    throw new MalformedMessageError(`a field has wire type ${wireType}, not ${wanted}`);
  }
};

const skip = (from: Input): void => {
  if (from.wireType === VARINT) varint(from);
  else if (from.wireType === DELIMITED) pass(from, varint(from));
  else if (from.wireType === FIXED_64) pass(from, 8);
  else if (from.wireType === FIXED_32) pass(from, 4);
  else throw new MalformedMessageError(`a field of wire type ${from.wireType} cannot be read`);
};

/** A varint; beyond 2⁵³ its last bits are lost. */
export const takeNumber = (from: Input): number => {
  wants(from, VARINT);
  return varint(from);
};

export const takeUint64 = (from: Input): bigint => {
  wants(from, VARINT);
  const start = from.at;
  const value = varint(from);
  return from.at - start <= SAFE_VARINT ? BigInt(value) : exactly(from, start, from.at);
};

export const takeText = (from: Input): string => {
  wants(from, DELIMITED);
  const start = pass(from, varint(from));
  return from.buffer.toString('utf8', start, from.at);
};

/** The bytes themselves, not a copy. */
export const takeBytes = (from: Input): Buffer => {
  wants(from, DELIMITED);
  const start = pass(from, varint(from));
  return from.buffer.subarray(start, from.at);
};

/** Reads the fields up to the end, in the order in which they come. */
export const readFields = <Into>(from: Input, fields: Fields<Into>, into: Into): Into => {
  while (from.at < from.end) {
    const tag = varint(from);
    from.wireType = tag % 8;
    const take = fields[Math.floor(tag / 8)];
    if (take === undefined) skip(from);
    else take(from, into);
  }
  return into;
};

/** The same for a field that is a message itself. */
export const readNested = <Into>(from: Input, fields: Fields<Into>, into: Into): Into => {
  wants(from, DELIMITED);
  const length = varint(from);
  const start = pass(from, length);
  const { end } = from;
  from.at = start;
  from.end = start + length;
  readFields(from, fields, into);
  from.end = end;
  return into;
};
