import type { RecordedEvent } from '../core/model.ts';
import { checksumOf } from './checksum.ts';
import { EVENT_COLUMNS } from './rows.ts';

export const COPY_ROWS = `copy event_store.event (${EVENT_COLUMNS}) from stdin (format binary)`;

const SIGNATURE = 'PGCOPY\n\xff\r\n\0';
/** Signature, flags, length of the extension. */
const HEADER_BYTES = SIGNATURE.length + 4 + 4;
const COLUMNS = EVENT_COLUMNS.split(', ').length;
/** Type and length of a message. */
const MESSAGE_BYTES = 1 + 4;
const LENGTH_BYTES = 4;
const END_OF_ROWS_BYTES = 2;
/** Number of columns, the length of each, and what is of fixed size: three int8, uuid, boolean, int4. */
const FIXED_BYTES = 2 + COLUMNS * LENGTH_BYTES + 3 * 8 + 16 + 1 + 4;
/** A UTF-16 unit becomes three bytes at most. */
const UTF8_BYTES = 3;

const COPY_DATA = 'd'.charCodeAt(0);
const COPY_DONE = 'c'.charCodeAt(0);

const roomFor = ({ stream, type, data, metadata }: RecordedEvent): number =>
  FIXED_BYTES + UTF8_BYTES * (stream.length + type.length) + data.length + metadata.length;

/**
 * The rows of some events as the messages CopyData and CopyDone (Postgres's manual, "COPY", "Binary
 * Format", and "Message Formats"), in one buffer and one pass.
 */
export const copyMessages = (events: readonly RecordedEvent[]): Buffer => {
  const room = events.reduce((sum, event) => sum + roomFor(event), HEADER_BYTES);
  const out = Buffer.allocUnsafe(room + END_OF_ROWS_BYTES + 2 * MESSAGE_BYTES);
  let at = MESSAGE_BYTES;

  const int8 = (value: bigint): void => {
    out.writeInt32BE(8, at);
    out.writeBigInt64BE(value, at + LENGTH_BYTES);
    at += LENGTH_BYTES + 8;
  };
  const int4 = (value: number): void => {
    out.writeInt32BE(4, at);
    out.writeInt32BE(value, at + LENGTH_BYTES);
    at += LENGTH_BYTES + 4;
  };
  const bool = (value: boolean): void => {
    out.writeInt32BE(1, at);
    out[at + LENGTH_BYTES] = value ? 1 : 0;
    at += LENGTH_BYTES + 1;
  };
  const written = (value: string, encoding: 'utf8' | 'hex'): void => {
    const length = out.write(value, at + LENGTH_BYTES, encoding);
    out.writeInt32BE(length, at);
    at += LENGTH_BYTES + length;
  };
  const bytes = (value: Buffer): void => {
    out.writeInt32BE(value.length, at);
    out.set(value, at + LENGTH_BYTES);
    at += LENGTH_BYTES + value.length;
  };

  at += out.write(SIGNATURE, at, 'latin1');
  out.fill(0, at, MESSAGE_BYTES + HEADER_BYTES);
  at = MESSAGE_BYTES + HEADER_BYTES;
  for (const event of events) {
    at = out.writeInt16BE(COLUMNS, at);
    int8(event.position);
    written(event.stream, 'utf8');
    int8(event.revision);
    written(event.id.replaceAll('-', ''), 'hex');
    written(event.type, 'utf8');
    bool(event.json);
    int8(event.created);
    int4(checksumOf(event));
    bytes(event.data);
    bytes(event.metadata);
  }
  at = out.writeInt16BE(-1, at);
  // A message's length counts itself, not its type.
  out[0] = COPY_DATA;
  out.writeInt32BE(at - 1, 1);
  out[at] = COPY_DONE;
  at = out.writeInt32BE(4, at + 1);
  return out.subarray(0, at);
};
