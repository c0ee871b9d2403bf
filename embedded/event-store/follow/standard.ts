import { randomUUID } from 'node:crypto';
import type { FollowerLink, RecordedEvent } from '../core/model.ts';
import {
  isMetastream,
  LINK_TYPE,
  MAX_STREAM_NAME_BYTES,
  METADATA_TYPE,
  originalOf,
  TOMBSTONE_TYPE,
} from '../core/model.ts';
import { isSoftDeleted, parseLimits, parseObject } from '../core/stream-metadata.ts';
import { isHidden } from '../read/filter.ts';

/**
 * EventStoreDB's standard projections: each makes of an event of the log at most one link to it, in a
 * stream of its own. Functions of the event alone, so a repeat comes to the same.
 */
export type LinkOf = (event: RecordedEvent) => FollowerLink | undefined;

/** Metadata of a link beside what all of them have. */
type Extra = Readonly<Record<string, string | number>>;

const targetOf = ({ revision, stream }: RecordedEvent): Buffer =>
  Buffer.from(`${revision}@${stream}`);

/** `$c` and `$p` are the position of the cause, as a real server notes it in its links. */
const linkTo = (
  cause: RecordedEvent,
  stream: string,
  target: Buffer,
  extra: Extra = {},
): FollowerLink | undefined => {
  // The log can hold no stream of such a name; nobody could ask for it either.
  if (Buffer.byteLength(stream) > MAX_STREAM_NAME_BYTES || stream.includes('\0')) return undefined;
  const position = Number(cause.position);
  const metadata = { $c: position, $p: position, ...extra, $causedBy: cause.id };
  return {
    stream,
    event: {
      id: randomUUID(),
      type: LINK_TYPE,
      json: false,
      data: target,
      metadata: Buffer.from(JSON.stringify(metadata)),
    },
  };
};

/** The stream whose end an event is, if it is one. */
const deletedBy = ({ stream, type, data }: RecordedEvent): string | undefined => {
  if (!isMetastream(stream)) return type === TOMBSTONE_TYPE ? stream : undefined;
  return type === METADATA_TYPE && isSoftDeleted(parseLimits(data))
    ? originalOf(stream)
    : undefined;
};
const DELETED: Extra = { $deleted: -1 };

/** What is before the first dash; streams of the server itself have none. */
export const categoryOf = (stream: string): string | undefined => {
  const dash = stream.indexOf('-');
  return stream.startsWith('$') || dash < 1 ? undefined : stream.slice(0, dash);
};

const byCategory: LinkOf = (event) => {
  const deleted = deletedBy(event);
  const stream = deleted ?? event.stream;
  const category = categoryOf(stream);
  if (category === undefined) return undefined;
  // Not a link to a link: that would be followed once, and end at the first.
  const target = event.type === LINK_TYPE ? event.data : targetOf(event);
  return linkTo(event, `$ce-${category}`, target, {
    $o: stream,
    ...(deleted === undefined ? {} : DELETED),
  });
};

const byEventType: LinkOf = (event) => {
  if (event.type === LINK_TYPE) return undefined;
  return deletedBy(event) === undefined
    ? linkTo(event, `$et-${event.type}`, targetOf(event))
    : linkTo(event, '$et-$deleted', targetOf(event), DELETED);
};

const streams: LinkOf = (event) =>
  event.revision === 0n ? linkTo(event, '$streams', targetOf(event)) : undefined;

const correlationOf = ({ metadata }: RecordedEvent): string | undefined => {
  const id = parseObject(metadata)?.['$correlationId'];
  return typeof id === 'string' ? id.toWellFormed() : undefined;
};

const TICKS_PER_MS = 10_000n;
/** With six decimals, as .NET prints it. */
const timestampOf = ({ created }: RecordedEvent): string => {
  const millis = new Date(Number(created / TICKS_PER_MS)).toISOString().slice(0, -1);
  return `${millis}${String((created % TICKS_PER_MS) / 10n).padStart(3, '0')}Z`;
};

const byCorrelationId: LinkOf = (event) => {
  if (event.type === LINK_TYPE) return undefined;
  const id = correlationOf(event);
  if (id === undefined) return undefined;
  const extra = { $eventTimestamp: timestampOf(event) };
  return linkTo(event, `$bc-${id}`, targetOf(event), extra);
};

/** Bookkeeping that reads of `$all` hide would feed on itself if it had links that are seen. */
const ofVisible =
  (linkOf: LinkOf): LinkOf =>
  (event) =>
    isHidden(event.stream) ? undefined : linkOf(event);

/** By the name under which clients know each. */
export const STANDARD: ReadonlyMap<string, LinkOf> = new Map(
  Object.entries({
    $by_category: byCategory,
    $by_event_type: byEventType,
    $streams: streams,
    $by_correlation_id: byCorrelationId,
  }).map(([name, linkOf]) => [name, ofVisible(linkOf)] as const),
);
