/** Messages around the limits of size, and small ones that become large in memory. */
import { openCall, wordFor } from '../call.ts';
import {
  appendEvent,
  appendOptions,
  batchFrame,
  event,
  filterOf,
  paths,
  readRequest,
} from '../messages.ts';
import { EMPTY, field, framed, message } from '../protobuf.ts';
import type { Random } from '../random.ts';
import { Fault, type Kind, type Range, type Shot } from '../shot.ts';
import { newName } from '../texts.ts';

const MIB = 1024 * 1024;
const near = (random: Random, limit: number): number =>
  limit + random.pick([-1_000, -1, 0, 1, 1_000]);

const batch = (random: Random, events: readonly Buffer[]): Buffer =>
  batchFrame({ correlation: random.uuid(), stream: newName(random), events });

/** One field, again and again, up to a size. */
const repeated = (one: Buffer, bytes: number): Buffer =>
  Buffer.alloc(Math.floor(bytes / one.length) * one.length, one);

const send = async (
  range: Range,
  what: string,
  path: string,
  bodies: readonly Buffer[],
): Promise<string> => {
  const call = openCall(range.session(), path);
  for (const body of bodies) call.stream.write(framed(body));
  call.stream.end();
  const ending = await range.within(what, call.ended);
  if (
    path === paths.batch &&
    ending.kind === 'status' &&
    ending.code === 0 &&
    call.messages.length !== 1
  ) {
    throw new Fault(`${what}: ${call.messages.length} answers`);
  }
  return wordFor(ending);
};

const aroundLimits: Shot = (range, random) => {
  const wish = random.chance(0.6)
    ? { data: Buffer.alloc(near(random, MIB), 7) }
    : { metadata: Buffer.alloc(random.int(3) * 500_000, 7) };
  const proposed = event(random, wish);
  return random.chance(0.5)
    ? send(range, 'a batch near 1 MiB', paths.batch, [batch(random, [proposed])])
    : send(range, 'an append near 1 MiB', paths.append, [
        appendOptions({ stream: newName(random) }),
        appendEvent(proposed),
      ]);
};

/** As much metadata, and as long a type, as a message holds. */
const fullMessages: Shot = (range, random) => {
  const size = near(random, 16 * MIB) - random.pick([0, 200, 2 * MIB]);
  const proposed = event(
    random,
    random.chance(0.7) ? { metadata: Buffer.alloc(size, 7) } : { type: Buffer.alloc(size, 97) },
  );
  return send(range, 'a batch near 16 MiB', paths.batch, [batch(random, [proposed])]);
};

/** Two bytes each on the wire, some hundred in memory. */
const swarms: Shot = (range, random) => {
  const bytes = 16 * MIB - 1_000;
  const nested = (number: number, one: Buffer): Buffer => field(number, repeated(one, bytes));
  const [what, path, body] = random.pick([
    ['empty events', paths.batch, message(batch(random, []), repeated(field(3, EMPTY), bytes))],
    ['empty properties', paths.append, nested(2, field(2, EMPTY))],
    ['empty prefixes', paths.read, nested(1, nested(7, nested(2, field(2, EMPTY))))],
    ['options over and over', paths.read, repeated(field(1, EMPTY), bytes)],
    ['options over and over', paths.batch, repeated(field(2, EMPTY), bytes)],
    ['unknown fields', paths.delete, repeated(field(15, 1), bytes)],
  ] as const);
  return send(range, what, path, [body]);
};

/** Many small events: a legal append, as long as it is not too long. */
const crowds: Shot = (range, random) => {
  const events = Array.from({ length: 1_000 + random.int(60_000) }, () =>
    event(random, { data: EMPTY }),
  );
  return send(range, 'a batch of many events', paths.batch, [batch(random, events)]);
};

/** The last one lets everything pass: a filter that finds nothing reads the whole log, which takes its time. */
const wideFilters: Shot = (range, random) => {
  const length = random.pick([10, 999, 1 + random.int(100_000)]);
  const prefixes = [...Array.from({ length }, (_, n) => `p${n}`), ''];
  const request = readRequest({ count: 100n, filter: filterOf({ on: 'stream', prefixes }) });
  return send(range, 'a filter of many prefixes', paths.read, [request]);
};

/** Without data an append has no size by the rule of 1 MiB, however much there is of it. */
const endless: Shot = async (range, random) => {
  const call = openCall(range.session(), paths.append);
  call.stream.write(framed(appendOptions({ stream: newName(random) })));
  const proposed = framed(
    appendEvent(event(random, { data: EMPTY, metadata: Buffer.alloc(MIB, 7) })),
  );
  let over = false;
  void call.ended.then(() => {
    over = true;
  });
  for (let n = 0; n < 40 && !over; n += 1) {
    if (!call.stream.write(proposed)) {
      const drained = new Promise((resolve) => call.stream.once('drain', resolve));
      await range.within('room for an append', Promise.race([drained, call.ended]));
    }
  }
  call.stream.end();
  return wordFor(await range.within('an append of 40 MiB of metadata', call.ended));
};

export const sizeShots: Readonly<Record<string, Kind>> = {
  'around 1 MiB': { weight: 3, shoot: aroundLimits },
  'around 16 MiB': { weight: 0.4, heavy: true, shoot: fullMessages },
  'small on the wire': { weight: 0.3, heavy: true, shoot: swarms },
  'many events': { weight: 0.2, heavy: true, shoot: crowds },
  'wide filters': { weight: 0.4, heavy: true, shoot: wideFilters },
  'appends without end': { weight: 0.2, heavy: true, shoot: endless },
};
