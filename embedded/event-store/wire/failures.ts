import { Metadata, status } from '@grpc/grpc-js';
import type { Expected, Failure } from '../core/model.ts';

/** How a call ends that has failed: status, text and the trailers the client reads first. */
export type CallStatus = { code: status; details: string; metadata: Metadata };

/** Header values are printable ASCII; grpc-js refuses anything else. */
const headerSafe = (value: string): string =>
  value.replace(/[^\x20-\x7e]+/gu, (text) => encodeURIComponent(text));

/** The text of a status travels in a header, and most clients take no more than 8 KiB of those. */
const MOST_DETAILS = 1_024;

/** grpc-js throws, with nobody to catch it, on half a surrogate pair: a caller may have sent one. */
const detailsFrom = (text: string): string => text.slice(0, MOST_DETAILS).toWellFormed();

const trailers = (values: Readonly<Record<string, string>>): Metadata => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(values)) metadata.set(key, headerSafe(value));
  return metadata;
};

const EXPECTED_NUMBER = { any: '-2', no_stream: '-1', stream_exists: '-4' } as const;

const expectedNumber = (expected: Expected): string =>
  typeof expected === 'bigint' ? expected.toString() : EXPECTED_NUMBER[expected];

export const callStatus = (
  code: status,
  details: string,
  values: Readonly<Record<string, string>> = {},
): CallStatus => ({ code, details: detailsFrom(details), metadata: trailers(values) });

export const failureStatus = (failure: Failure): CallStatus => {
  switch (failure.kind) {
    case 'wrong-expected-version':
      return callStatus(
        status.FAILED_PRECONDITION,
        `Append failed due to WrongExpectedVersion. Stream: ${failure.stream}, Expected version: ${expectedNumber(failure.expected)}, Actual version: ${failure.current}`,
        {
          exception: 'wrong-expected-version',
          'stream-name': failure.stream,
          'expected-version': expectedNumber(failure.expected),
          'actual-version': failure.current.toString(),
        },
      );
    case 'stream-deleted':
      return callStatus(
        status.FAILED_PRECONDITION,
        `Event stream '${failure.stream}' is deleted.`,
        { exception: 'stream-deleted', 'stream-name': failure.stream },
      );
    case 'access-denied':
      return callStatus(status.PERMISSION_DENIED, `Access denied: ${failure.message}`, {
        exception: 'access-denied',
      });
    case 'missing-metadata':
      return callStatus(
        status.INVALID_ARGUMENT,
        `Required metadata properties are missing: ${failure.properties.join(',')}`,
        {
          exception: 'missing-required-metadata-property',
          'required-metadata-properties': failure.properties.join(','),
        },
      );
    case 'too-large':
      return callStatus(
        status.INVALID_ARGUMENT,
        `Maximum append size of ${failure.maximum} bytes exceeded.`,
        { exception: 'maximum-append-size-exceeded', 'maximum-append-size': `${failure.maximum}` },
      );
    case 'bad-request':
      return callStatus(status.INVALID_ARGUMENT, failure.message);
    case 'timeout':
      return callStatus(status.ABORTED, failure.message);
    case 'busy':
    case 'unavailable':
      return callStatus(status.UNAVAILABLE, failure.message);
    case 'unknown':
      return callStatus(status.UNKNOWN, failure.message);
  }
};
