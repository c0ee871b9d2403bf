import { isDeepStrictEqual } from 'node:util';
import { METADATA_TYPE } from '../core/model.ts';
import { parseObject } from '../core/stream-metadata.ts';
import type { MovedEvent, Position } from './format.ts';
import type { Remote } from './remote.ts';

/** How many events behind the one that caused it a server's own metadata event is looked for. */
const REACH = 2_000;

const sameContent = (one: MovedEvent, other: MovedEvent): boolean => {
  if (one.data.equals(other.data)) return true;
  const [left, right] = [parseObject(one.data), parseObject(other.data)];
  return left !== undefined && isDeepStrictEqual(left, right);
};

/**
 * Who writes to a soft deleted stream brings it back: the server adds metadata by itself, with an id
 * of its own, exactly where the source's server did. The line of the file is then there already.
 *
 * A metadata stream shows its last event only, so an older one is looked for in the log, from
 * `since` on: the position of what brought the stream back, or of something before it.
 */
export const isWrittenByTarget = async (
  target: Remote,
  event: MovedEvent,
  since: Position | undefined,
): Promise<boolean> => {
  if (event.type !== METADATA_TYPE) return false;
  const matches = (found: MovedEvent): boolean =>
    found.type === METADATA_TYPE && sameContent(found, event);
  const shown = await target.eventAt(event.stream, event.revision);
  if (shown !== undefined) return matches(shown);
  if (since === undefined) return false;
  for await (const found of target.readAll(since, REACH)) {
    if (found.stream === event.stream && found.revision === event.revision) return matches(found);
  }
  return false;
};
