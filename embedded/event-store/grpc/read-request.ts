import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { MAX_INT64, MAX_STREAM_NAME_BYTES } from '../core/model.ts';
import type { Direction } from '../log/reader.ts';
import { createFilter, type EventFilter, FilterLimitError } from '../read/filter.ts';

export type Start = 'start' | 'end' | bigint;

type Common = { readonly resolveLinks: boolean; readonly structuredIds: boolean };

export type ReadRequest = Common &
  (
    | {
        readonly kind: 'read-stream';
        readonly stream: string;
        readonly from: Start;
        readonly direction: Direction;
        readonly count: bigint;
      }
    | {
        readonly kind: 'read-all';
        readonly from: Start;
        readonly direction: Direction;
        readonly count: bigint;
        readonly filter: EventFilter | undefined;
      }
    | { readonly kind: 'subscribe-stream'; readonly stream: string; readonly from: Start }
    | {
        readonly kind: 'subscribe-all';
        readonly from: Start;
        readonly filter: EventFilter | undefined;
        /** considered events between two checkpoints */
        readonly checkpointInterval: number;
      }
  );

/** The request cannot be understood; its message is for the caller. */
export class BadRequestError extends Error {
  override name = 'BadRequestError';
}

const DEFAULT_SEARCH_WINDOW = 32;

/** Revisions and positions above int64 mean "behind everything". */
const clamped = (value: string): bigint => {
  const number = BigInt(value);
  return number > MAX_INT64 ? MAX_INT64 : number;
};

export const streamNameFrom = (bytes: Uint8Array | undefined): string => {
  const name = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
  if (name === '') throw new BadRequestError('a stream name is required');
  if (name.includes('\0')) throw new BadRequestError('a stream name cannot contain a NUL');
  if (Buffer.byteLength(name) > MAX_STREAM_NAME_BYTES) {
    throw new BadRequestError(`a stream name has at most ${MAX_STREAM_NAME_BYTES} bytes`);
  }
  return name;
};

const filterFrom = (options: ReadReq.Options): EventFilter | undefined => {
  const filter = options.getFilter();
  if (filter === undefined) return undefined;
  const byStream = filter.getStreamIdentifier();
  const expression = byStream ?? filter.getEventType();
  if (expression === undefined) throw new BadRequestError('a filter needs an expression');
  const on = byStream === undefined ? 'type' : 'stream';
  try {
    return createFilter({
      on,
      regex: expression.getRegex(),
      prefixes: expression.getPrefixList(),
    });
  } catch (error) {
    if (error instanceof FilterLimitError) {
      throw new BadRequestError(error.message, { cause: error });
    }
    throw new BadRequestError(`the filter is no regular expression: ${String(error)}`, {
      cause: error,
    });
  }
};

const intervalFrom = (options: ReadReq.Options): number => {
  const filter = options.getFilter();
  const window = filter?.hasMax() ? filter.getMax() : DEFAULT_SEARCH_WINDOW;
  if (window < 1) throw new BadRequestError('the search window of a filter is at least 1');
  return window * Math.max(1, filter?.getCheckpointintervalmultiplier() ?? 1);
};

const streamStart = (options: ReadReq.Options.StreamOptions): Start => {
  if (options.hasStart()) return 'start';
  if (options.hasEnd()) return 'end';
  return clamped(options.getRevision());
};

const allStart = (options: ReadReq.Options.AllOptions): Start => {
  if (options.hasStart()) return 'start';
  if (options.hasEnd()) return 'end';
  return clamped(options.getPosition()?.getCommitPosition() ?? '0');
};

/** How many events; undefined for a subscription, which has no end. */
const countFrom = (options: ReadReq.Options, direction: Direction): bigint | undefined => {
  if (options.hasSubscription()) {
    if (direction === 'forwards') return undefined;
    throw new BadRequestError('a subscription reads forwards');
  }
  if (!options.hasCount()) throw new BadRequestError('a count or a subscription is required');
  return BigInt(options.getCount());
};

type Reading = Common & { readonly direction: Direction; readonly count: bigint | undefined };

const readingFrom = (options: ReadReq.Options): Reading => {
  const uuid = options.getUuidOption();
  if (uuid === undefined || !(uuid.hasString() || uuid.hasStructured())) {
    throw new BadRequestError('uuid_option is required');
  }
  const direction: Direction = options.getReadDirection() === 0 ? 'forwards' : 'backwards';
  return {
    resolveLinks: options.getResolveLinks(),
    structuredIds: uuid.hasStructured(),
    direction,
    count: countFrom(options, direction),
  };
};

const ofStream = (
  options: ReadReq.Options,
  place: ReadReq.Options.StreamOptions,
  { count, direction, ...common }: Reading,
): ReadRequest => {
  if (options.hasFilter()) throw new BadRequestError('only $all can be filtered');
  const stream = streamNameFrom(place.getStreamIdentifier()?.getStreamName_asU8());
  const from = streamStart(place);
  return count === undefined
    ? { ...common, kind: 'subscribe-stream', stream, from }
    : { ...common, kind: 'read-stream', stream, from, direction, count };
};

const ofAll = (
  options: ReadReq.Options,
  place: ReadReq.Options.AllOptions,
  { count, direction, ...common }: Reading,
): ReadRequest => {
  const from = allStart(place);
  const filter = filterFrom(options);
  if (count !== undefined) return { ...common, kind: 'read-all', from, direction, count, filter };
  const checkpointInterval = intervalFrom(options);
  return { ...common, kind: 'subscribe-all', from, filter, checkpointInterval };
};

export const parseReadRequest = (request: ReadReq): ReadRequest => {
  const options = request.getOptions();
  if (options === undefined) throw new BadRequestError('options are required');
  const reading = readingFrom(options);
  const stream = options.getStream();
  if (stream !== undefined) return ofStream(options, stream, reading);
  const all = options.getAll();
  if (all === undefined) throw new BadRequestError('a stream or $all is required');
  return ofAll(options, all, reading);
};
