import { TOMBSTONE } from '../core/model.ts';
import { fileLines } from './file-lines.ts';
import { type MovedEvent, parseLine } from './format.ts';

/** An event with its place in the file. */
export type PlacedEvent = {
  readonly event: MovedEvent;
  /** From 1. */
  readonly line: number;
  /** Of the line's first byte. */
  readonly offset: number;
};

/** What the node takes for one commit. */
const MAX_EVENTS = 512;
const MAX_BYTES = 4 * 1024 * 1024;

export const isTombstone = ({ revision }: MovedEvent): boolean => revision === TOMBSTONE;

/** Events of a file, as many as are sent at once; a tombstone is another call, and goes alone. */
export async function* windows(
  file: string,
  start: { readonly line: number; readonly offset: number },
): AsyncGenerator<readonly PlacedEvent[]> {
  let window: PlacedEvent[] = [];
  let size = 0;
  let number = start.line - 1;
  for await (const { offset, bytes } of fileLines(file, start.offset)) {
    number += 1;
    const line = parseLine(bytes, `${file}:${number}`);
    if (line.kind === 'end') break;
    if (line.kind === 'header') continue;
    const { event } = line;
    const alone = isTombstone(event);
    const full = window.length >= MAX_EVENTS || size + bytes.length > MAX_BYTES;
    if (window.length > 0 && (alone || full)) {
      yield window;
      window = [];
      size = 0;
    }
    window.push({ event, line: number, offset });
    size += bytes.length;
    if (alone) {
      yield window;
      window = [];
      size = 0;
    }
  }
  if (window.length > 0) yield window;
}
