import type { RecordedEvent } from '../core/model.ts';
import { checksumOf, DamagedEventError } from './checksum.ts';

export const EVENT_COLUMNS =
  'position, stream, revision, id, type, json, created, checksum, data, metadata';

export type EventRow = [
  position: bigint,
  stream: string,
  revision: bigint,
  id: string,
  type: string,
  json: boolean,
  created: bigint,
  checksum: number,
  data: Buffer,
  metadata: Buffer,
];

export const eventFromRow = (row: EventRow): RecordedEvent => {
  const [position, stream, revision, id, type, json, created, checksum, data, metadata] = row;
  const event = { position, stream, revision, id, type, json, created, data, metadata };
  if (checksumOf(event) !== checksum) throw new DamagedEventError(event);
  return event;
};
