import type { EncodedEvent } from '../codec.ts';
import {
  finished,
  type Output,
  output,
  putEmpty,
  putHeader,
  putNumber,
  putString,
  used,
} from './writer.ts';

export type BatchAppendRequest = {
  /** A UUID: the answer carries it. */
  readonly correlationId: string;
  readonly stream: string;
  /** -1: the stream must not exist yet. */
  readonly expectedRevision: number;
  /** Epoch ms: afterwards the store does not begin with it. */
  readonly deadline: number;
  readonly events: readonly EncodedEvent[];
};

/** What stands around the texts of an event, at most: ids, tags, lengths, content type. */
const ENVELOPE_BYTES = 160;
const NANOS_OF_MS = 1_000_000;

type Texts = { readonly data: string; readonly metadata: string };

function putEntry(out: Output, key: string, value: string): void {
  const end = used(out);
  putString(out, 2, value);
  putString(out, 1, key);
  putHeader(out, 2, end);
}

function putUuid(out: Output, field: number, uuid: string): void {
  const end = used(out);
  putString(out, 2, uuid);
  putHeader(out, field, end);
}

function putEvent(out: Output, { id, type }: EncodedEvent, { data, metadata }: Texts): void {
  const end = used(out);
  putString(out, 4, data);
  putString(out, 3, metadata);
  putEntry(out, 'type', type);
  putEntry(out, 'content-type', 'application/json');
  putUuid(out, 1, id);
  putHeader(out, 3, end);
}

/** Zero is what a number is that is not there. */
function putUnlessZero(out: Output, field: number, value: number): void {
  if (value !== 0) putNumber(out, field, value);
}

function putOptions(out: Output, { stream, expectedRevision, deadline }: BatchAppendRequest): void {
  const end = used(out);
  const milliseconds = deadline % 1000;
  putUnlessZero(out, 2, milliseconds * NANOS_OF_MS);
  putUnlessZero(out, 1, (deadline - milliseconds) / 1000);
  putHeader(out, 6, end);
  if (expectedRevision < 0) putEmpty(out, 3);
  else putNumber(out, 2, expectedRevision);
  const name = used(out);
  putString(out, 3, stream);
  putHeader(out, 1, name);
  putHeader(out, 2, end);
}

/**
 * One append as one `BatchAppendReq`, byte for byte what the official client (6.2.1) makes of it
 * (`request.spec.ts` holds it to that). The client turns events into base64 and reads that in
 * JavaScript, and measures each event by encoding it once more: 50 µs an enrollment and as much again
 * of garbage, where this takes 4.
 */
export function batchAppendRequest(request: BatchAppendRequest): Buffer {
  const texts = request.events.map(({ data, metadata }) => ({
    data: JSON.stringify(data),
    metadata: JSON.stringify(metadata),
  }));
  const room = texts.reduce(
    (sum, { data, metadata }) => sum + data.length + metadata.length + ENVELOPE_BYTES,
    request.stream.length + ENVELOPE_BYTES,
  );
  const out = output(room);
  putNumber(out, 4, 1);
  for (let index = texts.length - 1; index >= 0; index -= 1) {
    const event = request.events[index];
    const text = texts[index];
    if (event !== undefined && text !== undefined) putEvent(out, event, text);
  }
  putOptions(out, request);
  putUuid(out, 1, request.correlationId);
  return finished(out);
}
