import streams, { type BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';

export type BatchRequest = {
  readonly message: BatchAppendReq;
  /** how long the append may take, where the client says so as a duration */
  readonly durationMs: number | undefined;
};

const OPTIONS = 2;
const DURATION = 7;
const SECONDS = 1;
const NANOS = 2;

const MOST_INT64 = 2 ** 63;

/** Visits the fields of a message: varints as numbers, nested messages as their bytes. */
function* fields(bytes: Buffer): Generator<{ field: number; value: number | Buffer }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield { field, value: varint() };
    else if (wireType === 2) {
      const end = varint() + at;
      yield { field, value: bytes.subarray(at, end) };
      at = end;
    } else at += wireType === 1 ? 8 : 4;
  }
}

const nested = (bytes: Buffer, wanted: number): Buffer | undefined => {
  for (const { field, value } of fields(bytes)) {
    if (field === wanted && typeof value !== 'number') return value;
  }
  return undefined;
};

const durationFrom = (raw: Buffer): number | undefined => {
  const options = nested(raw, OPTIONS);
  const duration = options && nested(options, DURATION);
  if (duration === undefined) return undefined;
  let ms = 0;
  for (const { field, value } of fields(duration)) {
    if (typeof value !== 'number') continue;
    // Negative numbers are the varints beyond those of int64: no time is left.
    if (field === SECONDS) ms += value > MOST_INT64 ? -1_000 : value * 1_000;
    if (field === NANOS) ms += value / 1_000_000;
  }
  return ms;
};

/**
 * The generated classes are those of client 6.2.1, which sends a deadline as a point in time.
 * Newer clients send a duration, in a field these classes skip.
 */
export const readBatchRequest = (raw: Buffer): BatchRequest => {
  const message = streams.BatchAppendReq.deserializeBinary(raw);
  const options = message.getOptions();
  const durationMs = options === undefined || options.hasDeadline() ? undefined : durationFrom(raw);
  return { message, durationMs };
};
