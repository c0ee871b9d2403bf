import { createHash, type Hash } from 'node:crypto';
import { MoveRefusedError } from './errors.ts';
import { fileLines } from './file-lines.ts';
import { type End, type Header, type MovedEvent, parseLine } from './format.ts';

/** What stands in a file, as far as its lines are whole. */
export type Scanned = {
  readonly header: Header;
  readonly events: number;
  /** The last event. */
  readonly last: MovedEvent | undefined;
  /** Just behind the last event: where more would be written. */
  readonly end: number;
  /** Over everything up to there; more can be added. */
  readonly hash: Hash;
  /** The last line of a file that is whole. */
  readonly seal: End | undefined;
};

/**
 * Reads a file from its beginning: every line by its schema, and the seal at its end against what
 * stands above it. A last line without a line feed was cut off and is left out.
 * Throws a `MoveRefusedError` that names the line.
 */
export const scanFile = async (
  path: string,
  onEvent: (event: MovedEvent, bytes: number) => void,
  signal?: AbortSignal,
): Promise<Scanned> => {
  const hash = createHash('sha256');
  let header: Header | undefined;
  let seal: End | undefined;
  let last: MovedEvent | undefined;
  let [events, end, number] = [0, 0, 0];
  for await (const { offset, bytes, whole } of fileLines(path)) {
    signal?.throwIfAborted();
    number += 1;
    const where = `${path}:${number}`;
    if (seal !== undefined)
      throw new MoveRefusedError(`${where}: nothing may stand below the end line`);
    if (!whole) break;
    const line = parseLine(bytes, where);
    if ((line.kind === 'header') !== (number === 1)) {
      throw new MoveRefusedError(
        `${where}: a file has its header in the first line, and nowhere else`,
      );
    }
    if (line.kind === 'end') {
      seal = line.end;
      checkSeal(seal, { events, sha256: hash.copy().digest('hex') }, where);
      continue;
    }
    hash.update(bytes).update('\n');
    end = offset + bytes.length + 1;
    if (line.kind === 'header') header = line.header;
    else {
      events += 1;
      last = line.event;
      onEvent(line.event, end);
    }
  }
  if (header === undefined) throw new MoveRefusedError(`${path}: there is no header line`);
  return { header, events, last, end, hash, seal };
};

const checkSeal = (seal: End, found: End, where: string): void => {
  if (seal.events !== found.events) {
    throw new MoveRefusedError(
      `${where}: the file was changed: it ended with ${seal.events} events, ${found.events} are there`,
    );
  }
  if (seal.sha256 !== found.sha256) {
    throw new MoveRefusedError(
      `${where}: the file was changed: SHA-256 of the lines above is ${found.sha256}, it was ${seal.sha256}`,
    );
  }
};
