import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Expected, Outcome, RecordedEvent } from '../core/model.ts';
import { MAX_INT64 } from '../core/model.ts';
import { appendSuccess, appendWrongVersion, batchAppendResponse } from './append-responses.ts';
import { finished, output, putUint64 } from './protobuf.ts';
import { checkpointFrame, eventFrame, streamNotFoundFrame } from './read-responses.ts';
import { readUuid } from './uuid.ts';

const name = fc.string({ unit: 'grapheme', minLength: 1 });
const int64 = fc.bigInt({ min: 0n, max: MAX_INT64 });
const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const recorded: fc.Arbitrary<RecordedEvent> = fc.record({
  position: int64,
  stream: name,
  revision: int64,
  id: fc.uuid(),
  type: name,
  json: fc.boolean(),
  created: int64,
  data: bytes,
  metadata: bytes,
});

const decoded = (event: ReturnType<streams.ReadResp.ReadEvent['getEvent']>) => ({
  position: BigInt(event?.getCommitPosition() ?? 0),
  stream: Buffer.from(event?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
  revision: BigInt(event?.getStreamRevision() ?? 0),
  id: readUuid(event?.getId())?.text,
  type: event?.getMetadataMap().get('type'),
  json: event?.getMetadataMap().get('content-type') === 'application/json',
  created: BigInt(event?.getMetadataMap().get('created') ?? 0),
  data: Buffer.from(event?.getData_asU8() ?? []),
  metadata: Buffer.from(event?.getCustomMetadata_asU8() ?? []),
});

test('the generated classes read from an event frame what was put in', () => {
  fc.assert(
    fc.property(recorded, fc.option(recorded), fc.boolean(), (event, link, structured) => {
      const frame = eventFrame({ event, link: link ?? undefined }, structured);
      const read = streams.ReadResp.deserializeBinary(frame).getEvent();
      expect(decoded(read?.getEvent())).toEqual(event);
      if (link === null) expect(read?.hasLink()).toBe(false);
      else expect(decoded(read?.getLink())).toEqual(link);
      expect(BigInt(read?.getCommitPosition() ?? -1)).toBe((link ?? event).position);
      expect(read?.getEvent()?.getId()?.hasStructured()).toBe(structured);
    }),
  );
});

test('every uint64 survives', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      const out = output(4);
      putUint64(out, 1, value);
      const read = shared.AllStreamPosition.deserializeBinary(finished(out));
      expect(BigInt(read.getCommitPosition())).toBe(value);
    }),
  );
});

test('frames of a subscription', () => {
  const checkpoint = streams.ReadResp.deserializeBinary(checkpointFrame(77n)).getCheckpoint();
  expect(checkpoint?.getCommitPosition()).toBe('77');
  expect(checkpoint?.getPreparePosition()).toBe('77');
  const missing = streams.ReadResp.deserializeBinary(streamNotFoundFrame('ünï'));
  const identifier = missing.getStreamNotFound()?.getStreamIdentifier();
  expect(Buffer.from(identifier?.getStreamName_asU8() ?? []).toString()).toBe('ünï');
});

const correlation = { text: '5f1c62ff-4f8e-4d35-b5f4-a8fa77b02a18', structured: false };
const batch = (outcome: Outcome, expected: Expected = 'any') =>
  streams.BatchAppendResp.deserializeBinary(
    batchAppendResponse({ correlation, stream: 's', expected, outcome }),
  );

test.each([false, true])(
  'the answer to an append echoes its correlation id (structured: %s)',
  (structured) => {
    const answer = streams.BatchAppendResp.deserializeBinary(
      batchAppendResponse({
        correlation: { ...correlation, structured },
        stream: 's',
        expected: 4n,
        outcome: { ok: true, revision: 5n, position: 6n },
      }),
    );
    expect(answer.getCorrelationId()?.hasStructured()).toBe(structured);
    expect(readUuid(answer.getCorrelationId())?.text).toBe(correlation.text);
    expect(answer.getStreamPosition()).toBe('4');
    expect(answer.getSuccess()?.getCurrentRevision()).toBe('5');
    expect(answer.getSuccess()?.getPosition()?.getCommitPosition()).toBe('6');
  },
);

test.each([
  [
    { kind: 'wrong-expected-version', stream: 's', expected: 3n, current: -1n },
    6,
    'WrongExpectedVersion',
  ],
  [{ kind: 'stream-deleted', stream: 's' }, 5, 'StreamDeleted'],
  [{ kind: 'access-denied', message: 'no' }, 7, 'AccessDenied'],
  [{ kind: 'timeout', message: 'late' }, 4, 'Timeout'],
  [{ kind: 'too-large', maximum: 9 }, 3, 'MaximumAppendSizeExceeded'],
  [{ kind: 'unknown', message: '?' }, 2, 'Unknown'],
  [{ kind: 'bad-request', message: 'what' }, 3, 'BadRequest'],
] as const)('a failed append, %o, has status %i', (failure, code, type) => {
  const answer = batch({ ok: false, failure });
  expect(answer.getError()?.getCode()).toBe(code);
  expect(answer.getError()?.getDetails()?.getTypeUrl()).toBe(
    `type.googleapis.com/event_store.client.${type}`,
  );
  // The client needs it to name the stream in its error.
  expect(answer.hasStreamIdentifier()).toBe(true);
});

test('a wrong version says what was expected and what is there', () => {
  const outcome: Outcome = {
    ok: false,
    failure: { kind: 'wrong-expected-version', stream: 's', expected: 'no_stream', current: 8n },
  };
  const details = batch(outcome, 'no_stream').getError()?.getDetails();
  const read = shared.WrongExpectedVersion.deserializeBinary(
    details?.getValue_asU8() ?? new Uint8Array(),
  );
  expect(read.getCurrentStreamRevision()).toBe('8');
  expect(read.hasExpectedNoStream()).toBe(true);
  const classic = streams.AppendResp.deserializeBinary(
    appendWrongVersion({ kind: 'wrong-expected-version', stream: 's', expected: 3n, current: -1n }),
  ).getWrongExpectedVersion();
  expect(classic?.hasCurrentNoStream()).toBe(true);
  expect(classic?.hasNoStream2060()).toBe(true);
  expect(classic?.getExpectedRevision()).toBe('3');
  expect(classic?.getExpectedRevision2060()).toBe(3);
});

test('an append of nothing to no stream has neither revision nor position', () => {
  const read = streams.AppendResp.deserializeBinary(
    appendSuccess({ ok: true, revision: -1n, position: undefined }),
  ).getSuccess();
  expect(read?.hasNoStream()).toBe(true);
  expect(read?.hasNoPosition()).toBe(true);
});
