/** Names, expressions and numbers that no client of ours would send. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Call, openCall, wordFor } from '../call.ts';
import { batchFrame, deletion, event, filterOf, paths, readRequest } from '../messages.ts';
import { framed } from '../protobuf.ts';
import type { Random } from '../random.ts';
import { Fault, type Kind, type Range, type Shot } from '../shot.ts';
import { absurdNumbers, baits, hostileExpressions, hostileNames, newName } from '../texts.ts';
import { readBack } from './reading.ts';

const QUIET_MS = 50;
const SEARCH_MS = 2_000;

/** Its end, or that it has begun and says no more for now; then it is cancelled. */
const endOrQuiet = async (
  range: Range,
  what: string,
  call: Call,
  { searches = false }: { readonly searches?: boolean } = {},
): Promise<string> => {
  let over = false;
  void call.ended.then(() => {
    over = true;
  });
  // A filtered read of a long log may look for long, and find nothing: it is not waited for.
  if (searches) await Promise.race([call.next(), delay(SEARCH_MS, undefined, { ref: false })]);
  else await range.within(what, call.next());
  await Promise.race([call.ended, delay(QUIET_MS, undefined, { ref: false })]);
  if (over) return wordFor(await call.ended);
  call.stream.close();
  return call.messages.length > 0 ? 'subscribed' : 'searching';
};

const named = (random: Random): string | Buffer => {
  const name = random.pick(hostileNames);
  // Most of them anew each time: a tombstoned or odd one would not be written to again.
  if (random.chance(0.4) || name.length > 2_000) return name;
  return Buffer.concat([Buffer.from(name), random.bytes(6).map((byte) => (byte % 26) + 97)]);
};

const names: Shot = async (range, random) => {
  const stream = named(random);
  const type = random.chance(0.5) ? 'fuzzed' : random.pick(hostileNames);
  const marker = Buffer.from(random.uuid());
  const call = openCall(range.session(), paths.batch);
  const proposed = event(random, { type, data: marker, contentType: random.pick(hostileNames) });
  const frame = batchFrame({ correlation: random.uuid(), stream, events: [proposed] });
  call.stream.end(framed(frame));
  const ending = await range.within('an append to a hostile name', call.ended);
  if (ending.kind !== 'status') throw new Fault(`a hostile name: ${wordFor(ending)}`);
  if (ending.code !== 0) return wordFor(ending);
  const [answer, ...more] = call.messages;
  if (answer === undefined || more.length > 0) throw new Fault('not one answer for one append');
  // Field 3 is the success.
  if (!answer.includes(Buffer.from([0x1a])) || answer.includes('event_store.client.'))
    return 'refused';
  const text = Buffer.from(stream).toString();
  const found = (await readBack(range, stream)).at(-1)?.getEvent()?.getEvent();
  if (text.startsWith('$$')) return 'written';
  const back = Buffer.from(found?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
  if (back !== text)
    throw new Fault(`${JSON.stringify(text)} came back as ${JSON.stringify(back)}`);
  return 'written';
};

const lookups: Shot = async (range, random) => {
  const stream = named(random);
  const path = random.pick([paths.read, paths.delete, paths.tombstone]);
  const spare = String(stream).startsWith('fuzz') || random.chance(0.5);
  const from = random.chance(0.5) ? 'start' : random.pick(absurdNumbers);
  const count = random.chance(0.3) ? undefined : random.pick(absurdNumbers);
  const body =
    path === paths.read
      ? readRequest({ stream, from, count, backwards: random.chance(0.3), links: true })
      : deletion({ stream, expected: spare ? random.pick(absurdNumbers) : 'any' });
  const call = openCall(range.session(), path);
  call.stream.end(framed(body));
  return await endOrQuiet(range, 'a call about a hostile name', call);
};

const numbers: Shot = async (range, random) => {
  const absurd = (): bigint => random.pick(absurdNumbers);
  const filtered = random.chance(0.7);
  const filter = filterOf({
    on: random.pick(['stream', 'type']),
    prefixes: ['fuzz'],
    window: absurd(),
    multiplier: absurd(),
  });
  const call = openCall(range.session(), paths.read);
  const body = readRequest({
    from: random.chance(0.2) ? 'end' : absurd(),
    // A read of everything there is would take its time and prove no more.
    count: random.chance(0.6) ? undefined : random.pick([0n, 1n, 50n]),
    backwards: random.chance(0.3),
    ...(filtered ? { filter } : {}),
  });
  call.stream.end(framed(body));
  return await endOrQuiet(range, 'a read with absurd numbers', call);
};

const bait = async (range: Range, random: Random): Promise<void> => {
  const call = openCall(range.session(), paths.batch);
  for (const stream of baits) {
    const frame = { correlation: random.uuid(), stream, events: [event(random, { type: stream })] };
    call.stream.write(framed(batchFrame(frame)));
  }
  call.stream.end();
  await range.within('an append of baits', call.ended);
};

const expressions: Shot = async (range, random) => {
  if (random.chance(0.3)) await bait(range, random);
  const regex = random.pick(hostileExpressions);
  const call = openCall(range.session(), paths.read);
  const body = readRequest({
    from: random.chance(0.7) ? 'end' : 'start',
    backwards: random.chance(0.5),
    count: random.chance(0.5) ? undefined : 20n,
    filter: filterOf({ on: random.pick(['stream', 'type']), regex }),
  });
  call.stream.end(framed(body));
  if (random.chance(0.3)) await bait(range, random);
  return await endOrQuiet(range, 'a filter', call, { searches: true });
};

/** Metadata and links are events like any other, but the node reads them. */
const trickery: Shot = async (range, random) => {
  const stream = newName(random);
  const deep = 10 + random.int(20_000);
  const metadata = random.pick([
    '{"$tb":9223372036854775807}',
    '{"$tb":9223372036854775808,"$maxCount":-1}',
    '{"$maxAge":1e400,"$maxCount":"x"}',
    '{"$maxAge":9223372036854775807,"$maxCount":9223372036854775807}',
    `{"$tb":9223372036854775807,"a":${'['.repeat(deep)}${']'.repeat(deep)}}`,
    `{"$tb":9223372036854775807,"__proto__":{"$tb":1},"toJSON":1}`,
    '\ufeff{}',
    `[${'1,'.repeat(10_000)}1]`,
    Buffer.from('ff00', 'hex'),
  ]);
  const link = random.pick([
    ...[`0@${stream}`, '9223372036854775807@x', '99999999999999999999@x', '-1@x', '0@', '@'],
    ...['0@a\0b', `0@${'x'.repeat(100_000)}`, Buffer.from('3040eda080', 'hex'), `0@$$${stream}`],
  ]);
  const call = openCall(range.session(), paths.batch);
  const send = (target: string, proposed: Buffer): void => {
    const frame = { correlation: random.uuid(), stream: target, events: [proposed] };
    call.stream.write(framed(batchFrame(frame)));
  };
  send(`$$${stream}`, event(random, { type: '$metadata', data: metadata }));
  send(stream, event(random, { type: '$>', data: link }));
  send(stream, event(random));
  send(`$$${stream}`, event(random, { type: '$metadata', data: metadata }));
  call.stream.end();
  const ending = await range.within('appends of odd metadata', call.ended);
  if (ending.kind === 'status' && ending.code === 0 && call.messages.length !== 4) {
    throw new Fault(`${call.messages.length} answers for 4 appends`);
  }
  const reading = openCall(range.session(), paths.read);
  reading.stream.end(framed(readRequest({ stream, count: 10n, links: true })));
  return wordFor(await range.within('a read of odd links', reading.ended));
};

export const textShots: Readonly<Record<string, Kind>> = {
  'hostile names': { weight: 6, shoot: names },
  'calls about hostile names': { weight: 4, shoot: lookups },
  'absurd numbers': { weight: 5, shoot: numbers },
  'hostile filters': { weight: 4, shoot: expressions },
  'odd metadata and links': { weight: 3, shoot: trickery },
};
