import type { RecordedEvent } from '../core/model.ts';
import {
  finished,
  type Output,
  output,
  putBytes,
  putEmpty,
  putHeader,
  putString,
  putUint64,
  used,
} from './protobuf.ts';
import { putUuid } from './uuid.ts';

const STREAM_NAME = 3;

const putStreamIdentifier = (out: Output, field: number, stream: string): void => {
  const end = used(out);
  putString(out, STREAM_NAME, stream);
  putHeader(out, field, end);
};

const putMapEntry = (out: Output, field: number, key: string, value: string): void => {
  const end = used(out);
  putString(out, 2, value);
  putString(out, 1, key);
  putHeader(out, field, end);
};

/** ReadResp.ReadEvent.RecordedEvent */
const putRecordedEvent = (
  out: Output,
  field: number,
  event: RecordedEvent,
  structured: boolean,
): void => {
  const end = used(out);
  putBytes(out, 8, event.data);
  if (event.metadata.length > 0) putBytes(out, 7, event.metadata);
  putMapEntry(out, 6, 'created', event.created.toString());
  putMapEntry(out, 6, 'content-type', event.json ? 'application/json' : 'application/octet-stream');
  putMapEntry(out, 6, 'type', event.type);
  putUint64(out, 5, event.position);
  putUint64(out, 4, event.position);
  putUint64(out, 3, event.revision);
  putStreamIdentifier(out, 2, event.stream);
  putUuid(out, 1, event.id, structured);
  putHeader(out, field, end);
};

/** What a reader gets for one event of the log: itself, or with links resolved its target. */
export type ResolvedEvent = {
  readonly event: RecordedEvent | undefined;
  readonly link: RecordedEvent | undefined;
};

const roomFor = (event: RecordedEvent | undefined): number =>
  event === undefined
    ? 0
    : event.data.length +
      event.metadata.length +
      3 * (event.stream.length + event.type.length) +
      256;

export const eventFrame = ({ event, link }: ResolvedEvent, structured = false): Buffer => {
  const out = output(roomFor(event) + roomFor(link) + 64);
  const end = used(out);
  putUint64(out, 3, (link ?? event)?.position ?? 0n);
  if (link !== undefined) putRecordedEvent(out, 2, link, structured);
  if (event !== undefined) putRecordedEvent(out, 1, event, structured);
  putHeader(out, 1, end);
  return finished(out);
};

const shared = new WeakMap<RecordedEvent, Buffer>();

/** The frame of a plain event; encoded once however many subscribers get it. */
export const sharedFrame = (event: RecordedEvent): Buffer => {
  let frame = shared.get(event);
  if (frame === undefined) {
    frame = eventFrame({ event, link: undefined });
    shared.set(event, frame);
  }
  return frame;
};

export const confirmationFrame = (subscriptionId: string): Buffer => {
  const out = output(128);
  putString(out, 1, subscriptionId);
  putHeader(out, 2, 0);
  return finished(out);
};

export const checkpointFrame = (position: bigint): Buffer => {
  const out = output(32);
  putUint64(out, 2, position);
  putUint64(out, 1, position);
  putHeader(out, 3, 0);
  return finished(out);
};

export const streamNotFoundFrame = (stream: string): Buffer => {
  const out = output(stream.length * 3 + 64);
  putStreamIdentifier(out, 1, stream);
  putHeader(out, 4, 0);
  return finished(out);
};

export const caughtUpFrame = (): Buffer => {
  const out = output(8);
  putEmpty(out, 8);
  return finished(out);
};

export { putStreamIdentifier };
