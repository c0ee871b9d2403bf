/** What becomes of a valid message on its way to being none. */
import { field, message, varint } from './protobuf.ts';
import type { Random } from './random.ts';

type Mutation = (valid: Buffer, random: Random) => Buffer;

const flipped: Mutation = (valid, random) => {
  const bytes = Buffer.from(valid);
  const flips = 1 + random.int(8);
  for (let n = 0; n < flips && bytes.length > 0; n += 1) {
    const at = random.int(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
  }
  return bytes;
};

const spliced: Mutation = (valid, random) => {
  const at = random.int(valid.length + 1);
  return Buffer.concat([
    valid.subarray(0, at),
    random.bytes(1 + random.int(20)),
    valid.subarray(at),
  ]);
};

/** The same fields with other wire types. */
const retyped: Mutation = (valid, random) => {
  const bytes = Buffer.from(valid);
  if (bytes.length > 0) bytes[0] = ((bytes[0] ?? 0) & 0xf8) | random.int(8);
  return bytes;
};

/** Groups within groups: readers that recurse run out of stack. */
const nestedGroups: Mutation = (_valid, random) =>
  Buffer.alloc(1_000 + random.int(200_000), (1 + random.int(15)) * 8 + 3);

const nestedMessages: Mutation = (_valid, random) => {
  let nested: Buffer = Buffer.alloc(0);
  const number = 1 + random.int(4);
  for (let depth = 0; depth < 2_000; depth += 1) nested = field(number, nested);
  return nested;
};

export const mutations: Readonly<Record<string, Mutation>> = {
  noise: (_valid, random) => random.bytes(random.int(400)),
  truncated: (valid, random) => valid.subarray(0, random.int(valid.length + 1)),
  flipped,
  spliced,
  retyped,
  doubled: (valid) => Buffer.concat([valid, valid]),
  'a length beyond the end': (valid, random) =>
    Buffer.concat([valid, varint((1 + random.int(9)) * 8 + 2), varint(2 ** 31 - 1)]),
  'a varint that never ends': (valid, random) =>
    Buffer.concat([valid, varint((1 + random.int(9)) * 8), Buffer.alloc(200, 0xff)]),
  'field number 0': (valid) => Buffer.concat([valid, Buffer.from([0, 0])]),
  'unknown fields': (valid, random) =>
    message(valid, field(100 + random.int(1_000), random.bytes(50)), field(2 ** 28, 7)),
  'nested groups': nestedGroups,
  'nested messages': nestedMessages,
};
const mutationNames = Object.keys(mutations);

export const mutated = (valid: Buffer, random: Random): { how: string; bytes: Buffer } => {
  const how = random.pick(mutationNames);
  return { how, bytes: mutations[how]?.(valid, random) ?? valid };
};
