// Frames by hand: what the client never sends, see ../frames.ts.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { type Case, rule, ruleGiven } from '../case.ts';
import {
  type BatchFrame,
  batch,
  batchFrame,
  idOf,
  kindOf,
  nameOf,
  proposed,
  withStreams,
} from '../frames.ts';
import { failure, happened, newStream, numbers, range, read, revisions, several } from '../kit.ts';
import type { RuleId } from '../rules.ts';

const data = (n: number) => proposed({ data: Buffer.from(JSON.stringify({ n })) });

type Failing = readonly [
  rules: RuleId,
  what: string,
  kind: string,
  frame: (stream: string) => Omit<BatchFrame, 'id'>,
];

const JSON_TYPE = { type: 't', 'content-type': 'application/json' };
const failing: readonly Failing[] = [
  [
    'append.required',
    'an event without a type',
    'BadRequest',
    (stream) => ({
      stream,
      events: [proposed({ properties: { 'content-type': 'application/json' } })],
    }),
  ],
  [
    'append.required',
    'an event without a content type',
    'BadRequest',
    (stream) => ({
      stream,
      events: [proposed({ properties: { type: 't' } })],
    }),
  ],
  [
    'append.id-and-type',
    'an event with an empty type',
    'BadRequest',
    (stream) => ({
      stream,
      events: [proposed({ properties: { ...JSON_TYPE, type: '' } })],
    }),
  ],
  [
    'append.id-and-type',
    'an event without an id',
    'BadRequest',
    (stream) => ({
      stream,
      events: [proposed({ id: '' })],
    }),
  ],
  [
    'append.id-and-type',
    'an event with an id of zeros',
    'BadRequest',
    (stream) => ({
      stream,
      events: [proposed({ id: '00000000-0000-0000-0000-000000000000' })],
    }),
  ],
  ['append.stream-name', 'no stream name', 'BadRequest', () => ({ stream: '' })],
  ['batch.late', 'a deadline that has passed', 'Timeout', (stream) => ({ stream, deadlineMs: -1 })],
  [
    'expect.new-stream',
    'a wrong version',
    'WrongExpectedVersion',
    (stream) => ({ stream, expected: 7n }),
  ],
  [
    'append.size',
    'two mebibytes',
    'MaximumAppendSizeExceeded',
    (stream) => ({
      stream,
      events: [proposed({ data: Buffer.alloc(2_097_152) })],
    }),
  ],
];
const CODES: Readonly<Record<string, number>> = {
  WrongExpectedVersion: 6,
  StreamDeleted: 5,
  Timeout: 4,
  MaximumAppendSizeExceeded: 3,
  BadRequest: 3,
  AccessDenied: 7,
};

const refusals: Case[] = failing.map(([id, what, kind, frame]) =>
  rule(
    [id, 'batch.status', 'batch.one-reply', 'batch.echo'],
    `${what} is answered ${kind}, once, and nothing is written`,
    async ({ client, url, expect, ours }) => {
      const stream = newStream();
      const wished = frame(stream);
      const id = randomUUID();
      const fine = randomUUID();
      const answers = await batch(url, [
        batchFrame({ id, ...wished, final: false }),
        batchFrame({ id }),
        batchFrame({ id: fine, stream: newStream() }),
      ]);
      expect(answers.map(idOf).toSorted()).toEqual([id, fine].toSorted());
      const answer = answers.find((one) => idOf(one) === id);
      // Which of these a real server calls BadRequest and which Unknown differs between versions.
      if (ours || kind !== 'BadRequest') {
        expect(kindOf(answer)).toBe(kind);
        expect(answer?.getError()?.getCode()).toBe(CODES[kind]);
      } else expect(answer?.hasError()).toBe(true);
      expect(answer?.hasStreamIdentifier()).toBe(true);
      if (wished.stream !== '') expect(nameOf(answer?.getStreamIdentifier())).toBe(stream);
      expect(await failure(read(client.readStream(stream)))).toMatchObject({
        type: 'stream-not-found',
      });
    },
  ),
);

export const framesBatch: Case[] = [
  ...refusals,
  rule(
    ['batch.frames', 'batch.one-reply', 'batch.half-close'],
    'two appends in three frames each, interleaved, are two appends',
    async ({ client, url, expect }) => {
      const appends = [0, 1].map(() => ({ id: randomUUID(), stream: newStream() }));
      const frames = [0, 1, 2].flatMap((part) =>
        appends.map(({ id, stream }) =>
          batchFrame({
            id,
            ...(part === 0 ? { stream } : {}),
            final: part === 2,
            events: [data(part * 2), data(part * 2 + 1)],
          }),
        ),
      );
      const answers = await batch(url, frames);
      expect(answers.map(idOf).toSorted()).toEqual(appends.map(({ id }) => id).toSorted());
      for (const answer of answers) expect(answer.getSuccess()?.getCurrentRevision()).toBe('5');
      for (const { stream } of appends) {
        expect(numbers(await read(client.readStream(stream)))).toEqual([0, 1, 2, 3, 4, 5]);
      }
    },
  ),
  rule(
    'batch.frames',
    'a last frame without events closes an append',
    async ({ client, url, expect }) => {
      const [id, stream] = [randomUUID(), newStream()];
      const frames = [batchFrame({ id, stream, final: false }), batchFrame({ id, events: [] })];
      const [answer] = await batch(url, frames);
      expect(answer?.getSuccess()?.getCurrentRevision()).toBe('0');
      expect(await read(client.readStream(stream))).toHaveLength(1);
    },
  ),
  rule('batch.unknown', 'frames of an append never begun', async ({ url, expect }) => {
    const [unknown, known] = [randomUUID(), randomUUID()];
    const answers = await batch(url, [
      batchFrame({ id: unknown, final: false }),
      batchFrame({ id: known, stream: newStream() }),
      batchFrame({ id: unknown }),
    ]);
    expect(answers.map(idOf)).toEqual([known]);
  }),
  rule(
    'batch.one-reply',
    'an id may be used again once it was answered',
    async ({ client, url, expect }) => {
      const [id, stream] = [randomUUID(), newStream()];
      const answers = await withStreams(url, async (service) => {
        const call = service.batchAppend();
        const got: streams.BatchAppendResp[] = [];
        call.on('data', (answer: streams.BatchAppendResp) => got.push(answer));
        for (let time = 0; time < 2; time++) {
          const answered = once(call, 'data');
          call.write(batchFrame({ id, stream }));
          await answered;
        }
        call.end();
        await once(call, 'end');
        return got;
      });
      expect(answers.map(idOf)).toEqual([id, id]);
      expect(revisions(await read(client.readStream(stream)))).toEqual(range(0, 1));
    },
  ),
  rule(
    'batch.one-reply',
    'five hundred appends down one stream: five hundred answers',
    async ({ url, expect }) => {
      const stream = newStream();
      const ids = Array.from({ length: 500 }, () => randomUUID());
      const expected = (index: number) => (index % 2 === 0 ? 'any' : 1_000_000n);
      const answers = await batch(
        url,
        ids.map((id, index) => batchFrame({ id, stream, expected: expected(index) })),
      );
      expect(answers.map(idOf).toSorted()).toEqual(ids.toSorted());
      expect(answers.filter((answer) => answer.hasSuccess())).toHaveLength(250);
      expect(new Set(answers.filter((answer) => answer.hasError()).map(kindOf))).toEqual(
        new Set(['WrongExpectedVersion']),
      );
    },
  ),
  rule('batch.echo', 'an id of two numbers comes back as two numbers', async ({ url, expect }) => {
    const stream = newStream();
    const frame = batchFrame({ id: randomUUID(), stream });
    const structured = new sharedMessages.UUID.Structured();
    structured.setMostSignificantBits('-1234567890123456789');
    structured.setLeastSignificantBits('42');
    frame.setCorrelationId(new sharedMessages.UUID().setStructured(structured));
    const [answer] = await batch(url, [frame]);
    expect(answer?.hasSuccess()).toBe(true);
    // A real server answers in the form it prefers; the number is the same.
    const echoed = answer?.getCorrelationId()?.getStructured();
    if (echoed === undefined) return expect(idOf(answer as streams.BatchAppendResp)).not.toBe('');
    expect(echoed.getMostSignificantBits()).toBe('-1234567890123456789');
    expect(echoed.getLeastSignificantBits()).toBe('42');
  }),
  rule(
    ['batch.incomplete', 'batch.one-reply'],
    'an append that is never completed is answered at its deadline, and the rest ignored',
    async ({ client, url, expect }) => {
      const [id, stream] = [randomUUID(), newStream()];
      const answers = await withStreams(url, async (service) => {
        const call = service.batchAppend();
        const got: streams.BatchAppendResp[] = [];
        call.on('data', (answer: streams.BatchAppendResp) => got.push(answer));
        call.write(batchFrame({ id, stream, final: false, deadlineMs: 150 }));
        await once(call, 'data');
        call.write(batchFrame({ id }));
        call.end();
        await once(call, 'end');
        return got;
      });
      expect(answers.map(kindOf)).toEqual(['Timeout']);
      expect(await failure(read(client.readStream(stream)))).toMatchObject({
        type: 'stream-not-found',
      });
    },
  ),
  ...([60_000, 'none'] as const).map((deadlineMs) =>
    rule(
      'batch.limit',
      `with a deadline of ${deadlineMs} ms an incomplete append is answered after two seconds`,
      async ({ url, expect }) => {
        const begun = performance.now();
        const answer = await withStreams(url, async (service) => {
          const call = service.batchAppend();
          call.write(
            batchFrame({ id: randomUUID(), stream: newStream(), final: false, deadlineMs }),
          );
          const [first] = await once(call, 'data');
          call.end();
          return first as streams.BatchAppendResp;
        });
        expect(kindOf(answer)).toBe('Timeout');
        expect(performance.now() - begun).toBeGreaterThan(1_500);
      },
    ),
  ),
  ruleGiven(
    ['batch.status', 'expect.says'],
    'a wrong version says what was expected and what is there',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(3));
      return stream;
    },
    async ({ url, expect }, stream) => {
      const [answer] = await batch(url, [batchFrame({ id: randomUUID(), stream, expected: 1n })]);
      const detail = streams.BatchAppendResp;
      expect(answer).toBeInstanceOf(detail);
      expect(answer?.getStreamPosition()).toBe('1');
      const value = Buffer.from(answer?.getError()?.getDetails()?.getValue_asU8() ?? []);
      // current_stream_revision = 2, expected_stream_position = 1
      expect([...value]).toEqual([0x08, 2, 0x18, 1]);
    },
  ),
  ruleGiven(
    'batch.status',
    'a tombstoned stream is answered StreamDeleted',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, happened());
      await client.tombstoneStream(stream);
      return stream;
    },
    async ({ url, expect }, stream) => {
      const [answer] = await batch(url, [batchFrame({ id: randomUUID(), stream })]);
      expect(kindOf(answer)).toBe('StreamDeleted');
      expect(answer?.getError()?.getCode()).toBe(CODES['StreamDeleted']);
    },
  ),
  rule(
    ['batch.refused-early', 'append.all-denied'],
    'an append to $all is refused before its events have come',
    async ({ url, expect, ours }) => {
      if (!ours) return;
      const answer = await withStreams(url, async (service) => {
        const call = service.batchAppend();
        const frame = { id: randomUUID(), stream: '$all', final: false, deadlineMs: 1_500 };
        call.write(batchFrame(frame));
        const [first] = await once(call, 'data');
        call.end();
        return first as streams.BatchAppendResp;
      });
      expect(kindOf(answer)).toBe('AccessDenied');
      expect(answer.getError()?.getCode()).toBe(CODES['AccessDenied']);
    },
  ),
  rule('batch.half-close', 'a stream of no appends ends', async ({ url, expect }) => {
    expect(await batch(url, [])).toEqual([]);
  }),
  rule(
    'batch.half-close',
    'what was begun and not completed when the client has finished is not written',
    async ({ client, url, expect }) => {
      const [left, done] = [newStream(), newStream()];
      const answers = await batch(url, [
        batchFrame({ id: randomUUID(), stream: left, final: false }),
        batchFrame({ id: randomUUID(), stream: done }),
      ]);
      expect(answers.filter((answer) => answer.hasSuccess())).toHaveLength(1);
      expect(await failure(read(client.readStream(left)))).toMatchObject({
        type: 'stream-not-found',
      });
    },
  ),
];
