import type { Failure } from '../core/model.ts';

/** What appends that are not complete yet may hold, over all calls of the node. */
const MOST_BYTES = 128 * 1024 * 1024;

/** The appends that are still coming in, together: each is bounded, their number is not. */
export type Incomplete = {
  readonly bytes: number;
  /** False when there is no room for so much more. */
  take(bytes: number): boolean;
  give(bytes: number): void;
};

export const createIncomplete = (mostBytes = MOST_BYTES): Incomplete => {
  let held = 0;
  return {
    get bytes() {
      return held;
    },
    take(bytes) {
      if (held + bytes > mostBytes) return false;
      held += bytes;
      return true;
    },
    give(bytes) {
      held -= bytes;
    },
  };
};

export const NO_ROOM: Failure = { kind: 'busy', message: 'too many appends are coming in at once' };
