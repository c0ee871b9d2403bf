import { status } from '@grpc/grpc-js';
import type { Expected, Failure, Outcome } from '../core/model.ts';
import { NO_EVENTS } from '../core/model.ts';
import {
  finished,
  type Output,
  output,
  putBytes,
  putEmpty,
  putHeader,
  putNumber,
  putString,
  putUint64,
  used,
} from './protobuf.ts';
import { putStreamIdentifier } from './read-responses.ts';
import { putUuid, type WireUuid } from './uuid.ts';

const putPosition = (out: Output, field: number, position: bigint): void => {
  const end = used(out);
  putUint64(out, 2, position);
  putUint64(out, 1, position);
  putHeader(out, field, end);
};

type Success = Outcome & { ok: true };

/** AppendResp.Success and BatchAppendResp.Success have the same fields. */
const putSuccess = (out: Output, field: number, { revision, position }: Success): void => {
  const end = used(out);
  if (position === undefined) putEmpty(out, 4);
  else putPosition(out, 3, position);
  if (revision === NO_EVENTS) putEmpty(out, 2);
  else putUint64(out, 1, revision);
  putHeader(out, field, end);
};

export const appendSuccess = (success: Success): Buffer => {
  const out = output(64);
  putSuccess(out, 1, success);
  return finished(out);
};

/** DeleteResp and TombstoneResp have the same fields. */
export const deleteSuccess = ({ position }: Success): Buffer => {
  const out = output(64);
  if (position === undefined) putEmpty(out, 2);
  else putPosition(out, 1, position);
  return finished(out);
};

type WrongVersion = Failure & { kind: 'wrong-expected-version' };

/** AppendResp.WrongExpectedVersion, with the fields of server 20.6 for old clients. */
export const appendWrongVersion = ({ expected, current }: WrongVersion): Buffer => {
  const out = output(128);
  if (expected === 'any') putEmpty(out, 9);
  else if (expected === 'stream_exists') putEmpty(out, 10);
  else if (expected === 'no_stream') putEmpty(out, 11);
  else putUint64(out, 8, expected);
  if (current === NO_EVENTS) putEmpty(out, 7);
  else putUint64(out, 6, current);
  if (expected === 'any') putEmpty(out, 4);
  else if (expected === 'stream_exists') putEmpty(out, 5);
  else if (expected !== 'no_stream') putUint64(out, 3, expected);
  if (current === NO_EVENTS) putEmpty(out, 2);
  else putUint64(out, 1, current);
  putHeader(out, 2, 0);
  return finished(out);
};

/** event_store.client.WrongExpectedVersion */
const wrongVersionDetail = ({ expected, current }: WrongVersion): Buffer => {
  const out = output(64);
  if (expected === 'any') putEmpty(out, 4);
  else if (expected === 'stream_exists') putEmpty(out, 5);
  else if (expected === 'no_stream') putEmpty(out, 6);
  else putUint64(out, 3, expected);
  if (current === NO_EVENTS) putEmpty(out, 2);
  else putUint64(out, 1, current);
  return finished(out);
};

const messageDetail = (message: string): Buffer => {
  const out = output(message.length * 3 + 16);
  putString(out, 1, message);
  return finished(out);
};

const streamDetail = (stream: string): Buffer => {
  const out = output(stream.length * 3 + 32);
  putStreamIdentifier(out, 1, stream);
  return finished(out);
};

const maximumDetail = (maximum: number): Buffer => {
  const out = output(16);
  putNumber(out, 1, maximum);
  return finished(out);
};

type Detail = { code: number; type: string; message: string; value: Buffer };
const nothing = Buffer.alloc(0);

/** google.rpc.Status of a failed append; the client knows the kind by the type of the detail. */
const detailOf = (failure: Failure): Detail => {
  switch (failure.kind) {
    case 'wrong-expected-version':
      return {
        code: status.ALREADY_EXISTS,
        type: 'WrongExpectedVersion',
        message: `wrong expected version: expected ${failure.expected}, stream is at ${failure.current}`,
        value: wrongVersionDetail(failure),
      };
    case 'stream-deleted':
      return {
        code: status.NOT_FOUND,
        type: 'StreamDeleted',
        message: `stream ${failure.stream} is deleted`,
        value: streamDetail(failure.stream),
      };
    case 'access-denied':
      return {
        code: status.PERMISSION_DENIED,
        type: 'AccessDenied',
        message: failure.message,
        value: nothing,
      };
    case 'too-large':
      return {
        code: status.INVALID_ARGUMENT,
        type: 'MaximumAppendSizeExceeded',
        message: `maximum append size of ${failure.maximum} bytes exceeded`,
        value: maximumDetail(failure.maximum),
      };
    case 'missing-metadata':
      return {
        code: status.INVALID_ARGUMENT,
        type: 'BadRequest',
        message: `required metadata missing: ${failure.properties.join(', ')}`,
        value: messageDetail(`required metadata missing: ${failure.properties.join(', ')}`),
      };
    case 'bad-request':
      return {
        code: status.INVALID_ARGUMENT,
        type: 'BadRequest',
        message: failure.message,
        value: messageDetail(failure.message),
      };
    // No detail says "busy" or "going down". The client does know a time-out, whose advice is the
    // same: try again, the ids make a repeat harmless.
    case 'timeout':
    case 'busy':
    case 'unavailable':
      return {
        code: status.DEADLINE_EXCEEDED,
        type: 'Timeout',
        message: failure.message,
        value: nothing,
      };
    case 'unknown':
      return { code: status.UNKNOWN, type: 'Unknown', message: failure.message, value: nothing };
  }
};

const putStatus = (out: Output, field: number, failure: Failure): void => {
  const { code, type, message, value } = detailOf(failure);
  const end = used(out);
  putBytes(out, 2, value);
  putString(out, 1, `type.googleapis.com/event_store.client.${type}`);
  putHeader(out, 3, end);
  putString(out, 2, message);
  putNumber(out, 1, code);
  putHeader(out, field, end);
};

export type BatchAnswer = {
  readonly correlation: WireUuid;
  readonly stream: string;
  readonly expected: Expected;
  readonly outcome: Outcome;
};

export const batchAppendResponse = (answer: BatchAnswer): Buffer => {
  const { correlation, stream, expected, outcome } = answer;
  const out = output(stream.length * 3 + 256);
  if (expected === 'any') putEmpty(out, 7);
  else if (expected === 'stream_exists') putEmpty(out, 8);
  else if (expected === 'no_stream') putEmpty(out, 6);
  else putUint64(out, 5, expected);
  putStreamIdentifier(out, 4, stream);
  if (outcome.ok) putSuccess(out, 3, outcome);
  else putStatus(out, 2, outcome.failure);
  putUuid(out, 1, correlation.text, correlation.structured);
  return finished(out);
};
