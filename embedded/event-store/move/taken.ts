import { isMetastream, originalOf } from '../core/model.ts';

const isSystem = (stream: string): boolean => stream.startsWith('$');

/**
 * What of a log moves: the streams of users and their metadata. A server's own streams tell about
 * that server, and what its projections wrote is written again where they run.
 */
export const isTaken = (stream: string): boolean =>
  isSystem(stream) ? isMetastream(stream) && !isSystem(originalOf(stream)) : true;

/** The stream of users that a stream belongs to: itself, or the one whose metadata it holds. */
export const baseOf = (stream: string): string =>
  isMetastream(stream) ? originalOf(stream) : stream;
