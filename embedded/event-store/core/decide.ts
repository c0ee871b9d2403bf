import { randomUUID } from 'node:crypto';
import type { Expected, Failure, NewEvent, PlannedEvent, StreamCommand } from './model.ts';
import {
  isMetastream,
  METADATA_TYPE,
  metastreamOf,
  NO_EVENTS,
  originalOf,
  TOMBSTONE,
  TOMBSTONE_TYPE,
} from './model.ts';
import {
  isSoftDeleted,
  limitsOf,
  softDeletedMetadata,
  withTruncateBefore,
} from './stream-metadata.ts';
import type { StreamState, WrittenId } from './stream-state.ts';

/** What a decision may look at: the log as of the commands decided before it in the same commit. */
export type View = {
  state(stream: string): StreamState;
  /** id stored at a revision at or below `state(stream).last` */
  written(stream: string, revision: bigint): WrittenId | undefined;
  /** where this id was lately written in this stream (best effort, as in the real server) */
  lately(stream: string, id: string): { revision: bigint; position: bigint } | undefined;
};

export type Decision =
  | {
      readonly kind: 'write';
      readonly events: readonly PlannedEvent[];
      /** index in `events` of the one whose position is the answer */
      readonly answer: number;
      readonly revision: bigint;
    }
  | {
      readonly kind: 'done-before';
      readonly revision: bigint;
      readonly position: bigint | undefined;
    }
  | { readonly kind: 'refuse'; readonly failure: Failure };

type Check =
  | { readonly kind: 'go' }
  | {
      readonly kind: 'done-before';
      readonly revision: bigint;
      readonly position: bigint | undefined;
    }
  | { readonly kind: 'refuse'; readonly failure: Failure };

const GO: Check = { kind: 'go' };

const wrongVersion = (stream: string, expected: Expected, current: bigint): Check => ({
  kind: 'refuse',
  failure: { kind: 'wrong-expected-version', stream, expected, current },
});
const deleted = (stream: string): Check => ({
  kind: 'refuse',
  failure: { kind: 'stream-deleted', stream },
});

const baseOf = (stream: string): string => (isMetastream(stream) ? originalOf(stream) : stream);

const metadataOf = (stream: string, view: View): Buffer | undefined =>
  view.state(metastreamOf(stream)).metadata;

export const softDeleted = (stream: string, view: View): boolean =>
  isSoftDeleted(limitsOf(stream, metadataOf(stream, view)));

/** `any` and `stream_exists`: a repeat is known by its ids, in order. */
const checkLately = (
  stream: string,
  expected: Expected,
  ids: readonly string[],
  view: View,
): Check => {
  const [first, ...rest] = ids;
  if (first === undefined) return GO;
  let found = view.lately(stream, first);
  if (found === undefined) return GO;
  for (const id of rest) {
    found = view.lately(stream, id);
    if (found === undefined) return wrongVersion(stream, expected, view.state(stream).last);
  }
  return { kind: 'done-before', revision: found.revision, position: found.position };
};

/** An exact version below the current one: a repeat has the same ids at the same revisions. */
const checkBehind = (
  stream: string,
  expected: Expected,
  version: bigint,
  ids: readonly string[],
  view: View,
): Check => {
  const { last } = view.state(stream);
  let revision = version;
  let found: WrittenId | undefined;
  for (const id of ids) {
    revision += 1n;
    found = revision <= last ? view.written(stream, revision) : undefined;
    if (found?.id === id) continue;
    const first = revision === version + 1n;
    // A soft deleted stream may be begun again as if it had never been.
    if (first && version === NO_EVENTS && softDeleted(stream, view)) return GO;
    return wrongVersion(stream, expected, last);
  }
  return found === undefined
    ? wrongVersion(stream, expected, last)
    : { kind: 'done-before', revision, position: found.position };
};

const checkVersion = (
  stream: string,
  expected: Expected,
  ids: readonly string[],
  view: View,
): Check => {
  const { last } = view.state(stream);
  if (expected === 'stream_exists') {
    if (softDeleted(stream, view)) return deleted(stream);
    if (last === NO_EVENTS && view.state(metastreamOf(stream)).last === NO_EVENTS) {
      return wrongVersion(stream, expected, NO_EVENTS);
    }
  }
  if (expected === 'any' || expected === 'stream_exists') {
    return checkLately(stream, expected, ids, view);
  }
  const version = expected === 'no_stream' ? NO_EVENTS : expected;
  if (version === last) return GO;
  if (version > last) return wrongVersion(stream, expected, last);
  return checkBehind(stream, expected, version, ids, view);
};

const metadataEvent = (data: Buffer): NewEvent => ({
  id: randomUUID(),
  type: METADATA_TYPE,
  json: true,
  data,
  metadata: Buffer.alloc(0),
});

/** Writing to a soft deleted stream, or to its metadata, brings it back from `first` on. */
export const revival = (
  stream: string,
  first: bigint,
  metadata: Buffer | undefined,
  revision: bigint,
): PlannedEvent => ({
  stream: metastreamOf(stream),
  revision,
  event: metadataEvent(withTruncateBefore(metadata, first)),
});

const decideAppend = (command: StreamCommand & { kind: 'append' }, view: View): Decision => {
  const { stream, expected, events } = command;
  const check = checkVersion(
    stream,
    expected,
    events.map((event) => event.id),
    view,
  );
  if (check.kind !== 'go') return check;
  const { last } = view.state(stream);
  if (events.length === 0) return { kind: 'done-before', revision: last, position: undefined };

  const planned: PlannedEvent[] = events.map((event, index) => ({
    stream,
    revision: last + 1n + BigInt(index),
    event,
  }));
  const revision = last + BigInt(events.length);
  const answer = planned.length - 1;
  if (isMetastream(stream)) {
    const base = originalOf(stream);
    if (!isMetastream(base) && softDeleted(base, view)) {
      const newest = events.at(-1)?.data;
      planned.push(revival(base, view.state(base).last + 1n, newest, revision + 1n));
      return { kind: 'write', events: planned, answer, revision };
    }
  } else if (softDeleted(stream, view)) {
    const meta = view.state(metastreamOf(stream));
    planned.push(revival(stream, last + 1n, meta.metadata, meta.last + 1n));
  }
  return { kind: 'write', events: planned, answer, revision };
};

/** A deletion is checked like an append of an event that nobody has written before. */
const checkDeletion = (stream: string, expected: Expected, view: View): Check =>
  checkVersion(stream, expected, [randomUUID()], view);

const decideDelete = (stream: string, expected: Expected, view: View): Decision => {
  const check = checkDeletion(stream, expected, view);
  if (check.kind === 'refuse') return check;
  const { last } = view.state(stream);
  const meta = view.state(metastreamOf(stream));
  if (last === NO_EVENTS && meta.last === NO_EVENTS) {
    return {
      kind: 'refuse',
      failure: { kind: 'wrong-expected-version', stream, expected, current: NO_EVENTS },
    };
  }
  const event = metadataEvent(softDeletedMetadata());
  const planned = { stream: metastreamOf(stream), revision: meta.last + 1n, event };
  return { kind: 'write', events: [planned], answer: 0, revision: last };
};

const decideTombstone = (stream: string, expected: Expected, view: View): Decision => {
  const check = checkDeletion(stream, expected, view);
  if (check.kind === 'refuse') return check;
  const event: NewEvent = {
    id: randomUUID(),
    type: TOMBSTONE_TYPE,
    json: false,
    data: Buffer.alloc(0),
    metadata: Buffer.alloc(0),
  };
  const planned = { stream, revision: TOMBSTONE, event };
  return { kind: 'write', events: [planned], answer: 0, revision: TOMBSTONE };
};

const refuse = (failure: Failure): Decision => ({ kind: 'refuse', failure });

/**
 * Why nobody may write to this stream, whatever it is; the rule needs nothing but the name. Its
 * metadata ($$$all) can be written: the access list for reading $all stands there.
 */
export const closedToWriters = (stream: string): Failure | undefined =>
  stream === '$all'
    ? { kind: 'access-denied', message: `nobody may write to ${stream}` }
    : undefined;

/** The rules of EventStoreDB for a write, without any I/O. */
export const decide = (command: StreamCommand, view: View): Decision => {
  const { stream, expected } = command;
  const closed = closedToWriters(stream);
  if (closed !== undefined) return refuse(closed);
  if (view.state(baseOf(stream)).last === TOMBSTONE) {
    return refuse({ kind: 'stream-deleted', stream });
  }
  if (command.kind === 'append') return decideAppend(command, view);
  if (isMetastream(stream)) {
    return refuse({ kind: 'access-denied', message: 'a metadata stream cannot be deleted' });
  }
  return command.kind === 'delete'
    ? decideDelete(stream, expected, view)
    : decideTombstone(stream, expected, view);
};

/** Streams whose state a decision may ask for. */
export const streamsOf = (command: StreamCommand): readonly string[] => {
  const { stream } = command;
  // A metastream needs its base (deleted?) and, were it deleted itself, its own metadata.
  return isMetastream(stream)
    ? [stream, originalOf(stream), metastreamOf(stream)]
    : [stream, metastreamOf(stream)];
};
