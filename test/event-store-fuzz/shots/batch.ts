/** Appends over one stream, their frames in every order but the right one. */
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type Ending, openCall, wordFor } from '../call.ts';
import { batchFrame, type Expected, event, paths } from '../messages.ts';
import { field, framed, message } from '../protobuf.ts';
import type { Random } from '../random.ts';
import { Fault, type Kind, type Range } from '../shot.ts';
import { newName } from '../texts.ts';
import { eventsOf } from './reading.ts';

/** Timers of incomplete appends may fire meanwhile; before this none can have. */
const NO_TIMER_YET_MS = 1_200;
const TIMED_OUT = 4;

type Planned = {
  readonly frames: readonly Buffer[];
  /** How often each correlation id was begun, with nothing timed out, and how often it could be. */
  readonly begun: ReadonlyMap<string, { least: number; most: number }>;
  readonly streamOf: ReadonlyMap<string, string>;
  /** A frame whose id cannot be read: the stream has to end with a status. */
  readonly spoilt: boolean;
};

const seconds = (value: bigint): Buffer => message(field(1, value), field(2, 0));
const deadlines = (random: Random): Buffer | undefined =>
  random.pick([
    undefined,
    undefined,
    undefined,
    field(6, seconds(BigInt(Math.floor(Date.now() / 1_000) + 10))),
    field(6, seconds(2n ** 63n - 1n)),
    field(7, seconds(10n)),
    field(7, seconds(2n ** 63n - 1n)),
    field(7, field(1, 5)),
  ]);
/** A number of seconds of 200 bytes: no message at all, which ends the stream. */
const endless = field(
  7,
  Buffer.concat([Buffer.from([8]), Buffer.alloc(200, 0x80), Buffer.from([0])]),
);
/** Over before it began: answered at once, and the rest of it is not read. */
const passed = (random: Random): Buffer =>
  random.pick([
    field(6, seconds(1n)),
    field(6, seconds(-5n)),
    field(7, seconds(-1n)),
    field(7, seconds(0n)),
  ]);

const expectations: readonly Expected[] = [
  ...(['any', 'any', 'any', 'no_stream', 'stream_exists', 'none'] as const),
  ...[0n, 5n, 2n ** 63n - 1n, 2n ** 64n - 1n],
];
const badEvents = [
  { type: undefined },
  { contentType: undefined },
  { type: '' },
  { type: 'a\0b' },
  { id: '' },
  { id: 'no-uuid' },
  { id: '00000000-0000-0000-0000-000000000000' },
] as const;

/** One frame as it is drawn, with what its sender knows of it. */
type Drawn = {
  readonly id: string;
  readonly frame: Buffer;
  /** Its id, or the whole of it, cannot be read. */
  readonly unreadable: boolean;
  readonly options: boolean;
  /** Refused by its options, whatever follows. */
  readonly refused: boolean;
  /** The append is over with this frame. */
  readonly last: boolean;
};

const draw = (random: Random, id: string, stream: string, isOpen: boolean): Drawn => {
  const nameless = random.chance(0.004);
  const malformed = random.chance(0.004);
  const options = random.chance(isOpen ? 0.3 : 0.8) || malformed;
  const late = random.chance(0.05);
  const expected = random.pick(expectations);
  const named = !random.chance(0.03);
  const bad = random.chance(0.08);
  const final = random.chance(0.5);
  const inTime = malformed ? endless : deadlines(random);
  const deadline = late && !malformed ? passed(random) : inTime;
  const events = Array.from({ length: random.int(4) }, () => event(random));
  const frame = batchFrame({
    correlation: nameless ? random.pick(['', 'x', '0']) : id,
    ...{ options, expected, final },
    ...(named ? { stream } : {}),
    ...(deadline === undefined ? {} : { deadline }),
    events: bad ? [...events, event(random, random.pick(badEvents))] : events,
  });
  return {
    ...{ id, frame, options },
    unreadable: nameless || malformed,
    refused: late || !named || expected === 'none',
    last: bad || final,
  };
};

/** Some frames of a few appends, and by the rules how many answers they have to get. */
const plan = (random: Random): Planned => {
  const ids = Array.from({ length: 1 + random.int(4) }, () => random.uuid());
  const streamOf = new Map(ids.map((id) => [id, newName(random)]));
  const open = new Set<string>();
  const begun = new Map(ids.map((id) => [id, { least: 0, most: 0 }]));
  const frames: Buffer[] = [];
  let spoilt = false;
  const note = ({ id, options, refused, last }: Drawn): void => {
    const tally = begun.get(id);
    if (tally === undefined) return;
    if (options) tally.most += 1;
    if (options && !open.has(id)) {
      tally.least += 1;
      if (!refused) open.add(id);
    }
    if (last) open.delete(id);
  };
  const count = 1 + random.int(16);
  for (let n = 0; n < count; n += 1) {
    const id = random.pick(ids);
    const drawn = draw(random, id, streamOf.get(id) ?? '', open.has(id));
    frames.push(drawn.frame);
    spoilt ||= drawn.unreadable;
    // What comes after it is not read any more.
    if (!spoilt) note(drawn);
  }
  return { frames, begun, streamOf, spoilt };
};

const answersOf = (messages: readonly Buffer[]) => {
  const answers = messages.map((body) => streams.BatchAppendResp.deserializeBinary(body));
  return Map.groupBy(answers, (answer) => answer.getCorrelationId()?.getString() ?? 'no id');
};

const judge = (planned: Planned, messages: readonly Buffer[], ending: Ending, tookMs: number) => {
  if (ending.kind !== 'status')
    throw new Fault(`a batch ended without a status: ${wordFor(ending)}`);
  if (planned.spoilt && ending.code === 0) {
    throw new Fault('an append whose correlation id is none was neither answered nor refused');
  }
  const answers = answersOf(messages);
  for (const id of answers.keys()) {
    if (!planned.begun.has(id)) throw new Fault(`an answer for an unknown correlation id ${id}`);
  }
  for (const [id, { least, most }] of planned.begun) {
    const got = answers.get(id)?.length ?? 0;
    const tooMany = got > (tookMs < NO_TIMER_YET_MS ? least : most);
    if (tooMany || (ending.code === 0 && got < least)) {
      throw new Fault(`${least} appends of a correlation id were answered ${got} times`);
    }
  }
  return answers;
};

const shuffled = async (range: Range, random: Random): Promise<string> => {
  const planned = plan(random);
  const begunAt = performance.now();
  const call = openCall(range.session(), paths.batch);
  const together = Buffer.concat(planned.frames.map((frame) => framed(frame)));
  const cut = random.int(together.length);
  call.stream.write(together.subarray(0, cut));
  call.stream.write(together.subarray(cut));
  if (random.chance(0.05)) {
    // Left open: what is incomplete is answered by its time.
    await range.within('an incomplete append', allAnswered(call, planned));
  }
  call.stream.end();
  const ending = await range.within('a batch', call.ended);
  const answers = judge(planned, call.messages, ending, performance.now() - begunAt);
  // A stream that ended with an error need not have said all.
  const looked = random.chance(0.2) && ending.kind === 'status' && ending.code === 0;
  if (looked) await countWritten(range, planned, answers);
  return wordFor(ending);
};

const allAnswered = async (call: ReturnType<typeof openCall>, { begun, spoilt }: Planned) => {
  const wanted = [...begun.values()].reduce((sum, { least }) => sum + least, 0);
  let ended = spoilt;
  void call.ended.then(() => {
    ended = true;
  });
  while (!ended && call.messages.length < wanted) await call.next();
};

/** What was refused left nothing, what was taken is there once. */
const countWritten = async (
  range: Range,
  planned: Planned,
  answers: ReturnType<typeof answersOf>,
): Promise<void> => {
  for (const [id, stream] of planned.streamOf) {
    // A time-out says that nobody knows: it may well have been written.
    if (answers.get(id)?.some((answer) => answer.getError()?.getCode() === TIMED_OUT)) continue;
    const revisions = (answers.get(id) ?? [])
      .map((answer) => answer.getSuccess())
      .filter((success) => success?.hasCurrentRevision())
      .map((success) => Number(success?.getCurrentRevision()));
    const written = await eventsOf(range, stream);
    const last = Math.max(-1, ...revisions);
    if (written !== last + 1) {
      throw new Fault(`${written} events in a stream whose last answer said revision ${last}`);
    }
  }
};

/** Appends without end by somebody who never reads an answer. */
const deaf = async (range: Range, random: Random): Promise<string> => {
  const call = openCall(range.session(), paths.batch);
  call.stream.pause();
  const stream = newName(random);
  const frames = 500 + random.int(4_000);
  for (let n = 0; n < frames && !call.stream.destroyed; n += 1) {
    const frame = { correlation: random.uuid(), stream, expected: 2n ** 40n };
    if (!call.stream.write(framed(batchFrame(frame))) && n % 64 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  range.keep(() => call.stream.destroy());
  return 'kept open';
};

export const batchShots: Readonly<Record<string, Kind>> = {
  'batches out of order': { weight: 22, shoot: shuffled },
  'batches without a reader': { weight: 0.3, heavy: true, shoot: deaf },
};
