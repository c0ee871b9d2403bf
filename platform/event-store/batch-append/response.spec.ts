import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchAppendResponse } from '../../../embedded/event-store/wire/append-responses.ts';
import { MalformedMessageError } from './reader.ts';
import { readBatchAppendResponse } from './response.ts';

type Outcome = Parameters<typeof batchAppendResponse>[0]['outcome'];
type Failure = Extract<Outcome, { ok: false }>['failure'];

const stream = 'activity-1';
const respond = (outcome: Outcome, text: string, structured: boolean): Buffer =>
  batchAppendResponse({
    ...{ correlation: { text, structured }, stream, expected: 3n, outcome },
  });
const answerTo = (failure: Failure) =>
  readBatchAppendResponse(respond({ ok: false, failure }, crypto.randomUUID(), false)).answer;

const revision = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) });
const position = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

test('an answer is read as it was given, in either form of its id', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.boolean(), revision, fc.option(position), (id, form, at, where) => {
      const outcome = { ok: true, revision: at, position: where ?? undefined } as const;
      expect(readBatchAppendResponse(respond(outcome, id, form))).toEqual({
        correlationId: id,
        answer: { kind: 'appended', revision: Number(at), position: where },
      });
    }),
  );
});

test('a conflict tells where the stream is', () => {
  const conflict = { kind: 'wrong-expected-version', stream, expected: 3n } as const;
  expect(answerTo({ ...conflict, current: 7n })).toEqual({ kind: 'conflict', actual: 7 });
  expect(answerTo({ ...conflict, current: -1n })).toEqual({ kind: 'conflict', actual: -1 });
});

test.each<[Failure, 'refused' | 'unknown']>([
  [{ kind: 'stream-deleted', stream }, 'refused'],
  [{ kind: 'access-denied', message: 'no' }, 'refused'],
  [{ kind: 'too-large', maximum: 10 }, 'refused'],
  [{ kind: 'timeout', message: 'late' }, 'unknown'],
  [{ kind: 'busy', message: 'busy' }, 'unknown'],
  [{ kind: 'bad-request', message: 'what' }, 'unknown'],
  [{ kind: 'unknown', message: 'who knows' }, 'unknown'],
])('$kind is %s', (failure, kind) => {
  expect(answerTo(failure).kind).toBe(kind);
});

test('bytes that are cut off are no answer', () => {
  const whole = respond({ ok: true, revision: 1n, position: 2n }, crypto.randomUUID(), false);
  for (let length = 1; length < whole.length; length += 1) {
    const cut = whole.subarray(0, length);
    // Cut between two fields it is a message still, of which something is missing.
    try {
      expect(readBatchAppendResponse(cut).answer.kind).toMatch(/unknown|appended/);
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedMessageError);
    }
  }
});
