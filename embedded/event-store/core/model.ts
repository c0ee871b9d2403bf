/**
 * The words the node speaks inside: events, versions, commands and their outcomes.
 * Revisions and positions are int64 on the wire and `bigint` here, because a tombstone's number is
 * the largest int64 and no JavaScript number can hold it.
 */

export const MAX_INT64 = 9_223_372_036_854_775_807n;
/** The revision of a stream that has no events. */
export const NO_EVENTS = -1n;
/** A hard deleted stream ends in an event of this revision. */
export const TOMBSTONE = MAX_INT64;

export type NewEvent = {
  readonly id: string;
  readonly type: string;
  /** content type application/json; everything else goes out as application/octet-stream */
  readonly json: boolean;
  readonly data: Buffer;
  readonly metadata: Buffer;
};

/** An event with its place in its stream, not yet in the log. */
export type PlannedEvent = {
  readonly stream: string;
  readonly revision: bigint;
  readonly event: NewEvent;
};

export type RecordedEvent = NewEvent & {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
  /** 100-nanosecond ticks since the Unix epoch */
  readonly created: bigint;
};

export type Expected = 'any' | 'no_stream' | 'stream_exists' | bigint;

/** What clients write. */
export type StreamCommand =
  | {
      readonly kind: 'append';
      readonly stream: string;
      readonly expected: Expected;
      readonly events: readonly NewEvent[];
    }
  | { readonly kind: 'delete'; readonly stream: string; readonly expected: Expected }
  | { readonly kind: 'tombstone'; readonly stream: string; readonly expected: Expected };

/** A link event that a follower of the log writes into a stream of its own. */
export type FollowerLink = { readonly stream: string; readonly event: NewEvent };

/** What followers of the log write: links, and how far they have come, in one commit. */
export type FollowerCommand =
  | {
      readonly kind: 'follow';
      readonly follower: string;
      /** Its position before; anything else means that somebody else has moved it. */
      readonly after: bigint;
      readonly upTo: bigint;
      /** out of the events behind `after` up to `upTo`, in the order of the log */
      readonly links: readonly FollowerLink[];
    }
  | { readonly kind: 'switch'; readonly follower: string; readonly enabled: boolean };

export type Command = StreamCommand | FollowerCommand;

export type Failure =
  | {
      readonly kind: 'wrong-expected-version';
      readonly stream: string;
      readonly expected: Expected;
      /** last revision, -1 for none */
      readonly current: bigint;
    }
  | { readonly kind: 'stream-deleted'; readonly stream: string }
  | { readonly kind: 'access-denied'; readonly message: string }
  | { readonly kind: 'bad-request'; readonly message: string }
  | { readonly kind: 'missing-metadata'; readonly properties: readonly string[] }
  | { readonly kind: 'too-large'; readonly maximum: number }
  | { readonly kind: 'timeout'; readonly message: string }
  /** Not now; trying again may help. */
  | { readonly kind: 'busy'; readonly message: string }
  /** The node is going down. */
  | { readonly kind: 'unavailable'; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string };

export type Outcome =
  | {
      readonly ok: true;
      /** last revision of the stream after the write, -1 when it has none */
      readonly revision: bigint;
      /** position of the last event of the write; absent when an idempotent repeat no longer knows it */
      readonly position: bigint | undefined;
    }
  | { readonly ok: false; readonly failure: Failure };

/**
 * What an event costs beside its bytes: its object, and a row, of which Postgres writes some ten
 * thousand in the time that other appends can wait.
 */
const EVENT_OVERHEAD = 1_024;

/** Bytes an event takes up in memory, about, whatever it is that it has much of. */
export const weightOf = (event: NewEvent): number =>
  event.data.length + event.metadata.length + event.type.length + EVENT_OVERHEAD;

/** Bytes of data in one append (24.6 counts data alone: see the size rule in the README). */
export const MAX_APPEND_SIZE = 1_048_576;
/**
 * What one append weighs at most, all in all (`weightOf`). The real server has the same end, since a
 * record of its log is no larger; its rule of 1 MiB does not count metadata.
 */
export const MAX_APPEND_WEIGHT = 16 * 1024 * 1024;
/** The real server waits this long for a commit before it answers Timeout. */
export const WRITE_TIMEOUT_MS = 2_000;
/** An index entry of Postgres holds about 2,700 bytes; a longer name could not be indexed. */
export const MAX_STREAM_NAME_BYTES = 2_048;

export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';
export const LINK_TYPE = '$>';

export const isMetastream = (stream: string): boolean => stream.startsWith('$$');
export const metastreamOf = (stream: string): string => `$$${stream}`;
export const originalOf = (metastream: string): string => metastream.slice(2);
