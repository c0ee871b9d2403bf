import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams, {
  type BatchAppendReq,
  type ReadReq,
} from '@eventstore/db-client/generated/streams_pb.js';
import { finished, output, putHeader, putNumber, putUint64 } from '../wire/protobuf.ts';
import type { MovedEvent, Position } from './format.ts';

export type ReadFrom = Position | 'start' | 'end';

const identifier = (stream: string) => {
  const message = new shared.StreamIdentifier();
  message.setStreamName(Buffer.from(stream, 'utf8').toString('base64'));
  return message;
};

const readOptions = (count: number): ReadReq.Options => {
  const options = new streams.ReadReq.Options();
  const ids = new streams.ReadReq.Options.UUIDOption();
  ids.setString(new shared.Empty());
  options.setUuidOption(ids);
  options.setNoFilter(new shared.Empty());
  // A link is an event like any other: what it points at is moved by itself.
  options.setResolveLinks(false);
  options.setCount(String(count));
  return options;
};

const requestOf = (options: ReadReq.Options): ReadReq => {
  const request = new streams.ReadReq();
  request.setOptions(options);
  return request;
};

/** Events of all streams, from a position on (and with it); from the end backwards. */
export const readAllRequest = (from: ReadFrom, count = Number.MAX_SAFE_INTEGER): ReadReq => {
  const all = new streams.ReadReq.Options.AllOptions();
  if (from === 'start') all.setStart(new shared.Empty());
  else if (from === 'end') all.setEnd(new shared.Empty());
  else {
    const position = new streams.ReadReq.Options.Position();
    position.setCommitPosition(String(from.commit));
    position.setPreparePosition(String(from.prepare));
    all.setPosition(position);
  }
  const options = readOptions(count);
  options.setAll(all);
  options.setReadDirection(from === 'end' ? 1 : 0);
  return requestOf(options);
};

/** One event of a stream. */
export const readOneRequest = (stream: string, revision: bigint): ReadReq => {
  const one = new streams.ReadReq.Options.StreamOptions();
  one.setStreamIdentifier(identifier(stream));
  one.setRevision(String(revision));
  const options = readOptions(1);
  options.setStream(one);
  options.setReadDirection(0);
  return requestOf(options);
};

const uuid = (text: string) => {
  const message = new shared.UUID();
  message.setString(text);
  return message;
};

const DEADLINE = 6;

/**
 * Options with a deadline, read from bytes: the class of their Timestamp belongs to the client's own
 * copy of google-protobuf, and importing ours would put another one in its place, for the client too.
 */
const optionsUntil = (deadline: number): BatchAppendReq.Options => {
  const out = output(32);
  putNumber(out, 2, (deadline % 1_000) * 1_000_000);
  putUint64(out, 1, BigInt(Math.floor(deadline / 1_000)));
  putHeader(out, DEADLINE, 0);
  return streams.BatchAppendReq.Options.deserializeBinary(finished(out));
};

/** Appends one event exactly where it stood. `deadline` in milliseconds since the epoch. */
export const appendRequest = (
  event: MovedEvent,
  correlation: string,
  deadline: number,
): BatchAppendReq => {
  const options = optionsUntil(deadline);
  options.setStreamIdentifier(identifier(event.stream));
  if (event.revision === 0n) options.setNoStream(new shared.Empty());
  else options.setStreamPosition(String(event.revision - 1n));

  const proposed = new streams.BatchAppendReq.ProposedMessage();
  proposed.setId(uuid(event.id));
  proposed.getMetadataMap().set('type', event.type);
  proposed.getMetadataMap().set('content-type', event.contentType);
  proposed.setData(event.data);
  proposed.setCustomMetadata(event.metadata);

  const request = new streams.BatchAppendReq();
  request.setCorrelationId(uuid(correlation));
  request.setOptions(options);
  request.addProposedMessages(proposed);
  request.setIsFinal(true);
  return request;
};

export const tombstoneRequest = (stream: string) => {
  const options = new streams.TombstoneReq.Options();
  options.setStreamIdentifier(identifier(stream));
  options.setAny(new shared.Empty());
  const request = new streams.TombstoneReq();
  request.setOptions(options);
  return request;
};
