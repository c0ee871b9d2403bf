import { createReadStream } from 'node:fs';
import { MoveRefusedError } from './errors.ts';

/** Longer than any event that a server takes, written as base64. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const CHUNK = 1024 * 1024;

export type FileLine = {
  /** Of its first byte. */
  readonly offset: number;
  /** Without the line feed. */
  readonly bytes: Buffer;
  /** False for a last line that has no line feed: it was cut off. */
  readonly whole: boolean;
};

/** The lines of a file from an offset on, one chunk in memory at a time. */
export async function* fileLines(path: string, start = 0): AsyncGenerator<FileLine> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = start;
  for await (const chunk of createReadStream(path, { start, highWaterMark: CHUNK })) {
    const buffer: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let feed = buffer.indexOf(10); feed >= 0; feed = buffer.indexOf(10, from)) {
      yield { offset, bytes: buffer.subarray(from, feed), whole: true };
      offset += feed + 1 - from;
      from = feed + 1;
    }
    rest = buffer.subarray(from);
    if (rest.length > MAX_LINE_BYTES) {
      throw new MoveRefusedError(`${path}: a line of more than ${MAX_LINE_BYTES} bytes`);
    }
  }
  if (rest.length > 0) yield { offset, bytes: rest, whole: false };
}
