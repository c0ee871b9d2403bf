import { crc32 } from 'node:zlib';
import type { RecordedEvent } from '../core/model.ts';

/** CRC-32 over everything a row says, as Postgres' signed integer. */
export const checksumOf = (event: RecordedEvent): number => {
  const head = `${event.position}\n${event.stream}\n${event.revision}\n${event.id}\n${event.type}\n${event.json}\n${event.created}\n${event.data.length}\n`;
  return crc32(event.metadata, crc32(event.data, crc32(head))) | 0;
};

export class DamagedEventError extends Error {
  constructor(event: RecordedEvent) {
    super(
      `event ${event.revision} of stream ${event.stream} (position ${event.position}) does not match its checksum`,
    );
    this.name = 'DamagedEventError';
  }
}
