/** Messages that are none, and frames around them that lie. */
import { gzipSync } from 'node:zlib';
import { type Call, type Ending, openCall, wordFor } from '../call.ts';
import { paths } from '../messages.ts';
import { mutated } from '../mutate.ts';
import { EMPTY, framed } from '../protobuf.ts';
import type { Random } from '../random.ts';
import { Fault, type Kind, type Range } from '../shot.ts';
import { methods, valid } from './valid.ts';

/** A spoilt read may have become a subscription, which has no end: its first message is enough. */
const ending = async (call: Call): Promise<Ending | 'goes on'> => {
  const first = call.next().then(() => 'message' as const);
  const one = await Promise.race([call.ended, first]);
  if (one !== 'message') return one;
  const quiet = new Promise<'goes on'>((resolve) => setTimeout(resolve, 100, 'goes on').unref());
  return await Promise.race([call.ended, quiet]);
};

const outcomeOf = async (range: Range, what: string, call: Call): Promise<string> => {
  const found = await range.within(what, ending(call));
  if (found !== 'goes on') return wordFor(found);
  call.stream.close();
  return 'subscribed';
};

const spoilt = async (range: Range, random: Random): Promise<string> => {
  const method = random.pick(methods);
  const messages = valid[method](random);
  const victim = random.int(messages.length);
  const call = openCall(range.session(), paths[method]);
  let how = '';
  for (const [index, body] of messages.entries()) {
    if (index !== victim) call.stream.write(framed(body));
    else {
      const spoiled = mutated(body, random);
      how = spoiled.how;
      call.stream.write(framed(spoiled.bytes));
    }
  }
  call.stream.end();
  return await outcomeOf(range, `${method} with ${how}`, call);
};

type Framing = (body: Buffer, random: Random) => { bytes: Buffer; encoding?: string };

const framings: Readonly<Record<string, Framing>> = {
  'a length beyond the body': (body) => ({ bytes: framed(body, { length: body.length + 10 }) }),
  'a length of four GiB': (body) => ({ bytes: framed(body, { length: 2 ** 32 - 1 }) }),
  'a length that ends too early': (body) => ({
    bytes: framed(body, { length: Math.max(0, body.length - 3) }),
  }),
  'half a prefix': (body, random) => ({ bytes: framed(body).subarray(0, 1 + random.int(4)) }),
  'the compressed flag without an encoding': (body) => ({ bytes: framed(body, { flag: 1 }) }),
  'an unknown flag': (body, random) => ({ bytes: framed(body, { flag: 2 + random.int(254) }) }),
  'gzip that is none': (body) => ({ bytes: framed(body, { flag: 1 }), encoding: 'gzip' }),
  'deflate that is none': (body) => ({ bytes: framed(body, { flag: 1 }), encoding: 'deflate' }),
  'gzip that is cut': (body) => ({
    bytes: framed(gzipSync(body).subarray(0, 12), { flag: 1 }),
    encoding: 'gzip',
  }),
  'gzip as it should be': (body) => ({
    bytes: framed(gzipSync(body), { flag: 1 }),
    encoding: 'gzip',
  }),
  'an encoding nobody has': (body) => ({ bytes: framed(body, { flag: 1 }), encoding: 'zip9' }),
  'empty messages': (_body, random) => ({
    bytes: Buffer.concat(Array.from({ length: 1 + random.int(2_000) }, () => framed(EMPTY))),
  }),
  'many messages': (body, random) => ({
    bytes: Buffer.concat(Array.from({ length: 2 + random.int(50) }, () => framed(body))),
  }),
  nothing: () => ({ bytes: EMPTY }),
};
const framingNames = Object.keys(framings);

const misframed = async (range: Range, random: Random): Promise<string> => {
  const method = random.pick(methods);
  const how = random.pick(framingNames);
  const body = random.pick(valid[method](random));
  const made = framings[how]?.(body, random);
  if (made === undefined) throw new Fault(`no such framing: ${how}`);
  const headers = made.encoding === undefined ? {} : { 'grpc-encoding': made.encoding };
  const call = openCall(range.session(), paths[method], headers);
  // In pieces, as the network may well deliver it.
  let at = 0;
  while (at < made.bytes.length) {
    const next = at + 1 + random.int(made.bytes.length);
    call.stream.write(made.bytes.subarray(at, next));
    at = next;
  }
  call.stream.end();
  return await outcomeOf(range, `${method} with ${how}`, call);
};

/** 64 MiB in 64 KiB. */
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));

const bombed = async (range: Range, random: Random): Promise<string> => {
  const method = random.pick(methods);
  const call = openCall(range.session(), paths[method], { 'grpc-encoding': 'gzip' });
  call.stream.end(framed(bomb, { flag: 1 }));
  return await outcomeOf(range, `${method} with a gzip bomb`, call);
};

export const messageShots: Readonly<Record<string, Kind>> = {
  'malformed messages': { weight: 22, shoot: spoilt },
  'lying frames': { weight: 10, shoot: misframed },
  'gzip bombs': { weight: 0.3, heavy: true, shoot: bombed },
};
