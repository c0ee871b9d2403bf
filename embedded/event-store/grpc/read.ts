import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { RecordedEvent } from '../core/model.ts';
import { MAX_INT64, NO_EVENTS } from '../core/model.ts';
import { firstVisible, isSoftDeleted, oldestVisible } from '../core/stream-metadata.ts';
import { DamagedEventError } from '../log/checksum.ts';
import { messageOf } from '../log/connection.ts';
import type { Node } from '../node.ts';
import { isHidden } from '../read/filter.ts';
import { TooSlowError } from '../read/guarded.ts';
import { adaptivePage, LogUnavailableError, patiently } from '../read/paging.ts';
import { readableStream } from '../read/stream-head.ts';
import { streamPage } from '../read/stream-page.ts';
import { type CallStatus, callStatus, failureStatus } from '../wire/failures.ts';
import { streamNotFoundFrame } from '../wire/read-responses.ts';
import { type Caller, endWhenRefused } from './caller.ts';
import { createSender, type Sender } from './calls.ts';
import { framesInParts, framesOf, nowTicks } from './frames.ts';
import { BadRequestError, parseReadRequest, type ReadRequest, type Start } from './read-request.ts';
import { subscribeToAll } from './subscribe-all.ts';
import { subscribeToStream } from './subscribe-stream.ts';

/** A read waits this long for a Postgres that is away, and tells its caller then. */
const PATIENCE_MS = 5_000;

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const rowsFor = (remaining: bigint, rows: number): number =>
  remaining < BigInt(rows) ? Number(remaining) : rows;

const sendAll = async (
  node: Node,
  sender: Sender,
  events: readonly RecordedEvent[],
  request: ReadRequest,
): Promise<void> => {
  const make = (rest: readonly RecordedEvent[]): Promise<Buffer[]> =>
    patiently(() => framesOf(node.reader, rest, request), PATIENCE_MS, sender.over);
  for await (const frames of framesInParts(events, make)) {
    for (const frame of frames) {
      const full = sender.send(frame);
      if (full !== undefined) await full;
      if (sender.over.aborted) return;
    }
  }
};

const numbered = (from: Start): bigint => {
  if (from === 'start') return 0n;
  return from === 'end' ? MAX_INT64 : from;
};

/** The revisions between which a read moves. */
const span = (
  from: Start,
  backwards: boolean,
  first: bigint,
  last: bigint,
): { lowest: bigint; highest: bigint } => {
  const start = numbered(from);
  return backwards
    ? { lowest: first, highest: least(start, last) }
    : { lowest: most(start, first), highest: last };
};

const readStream = async (
  node: Node,
  sender: Sender,
  request: ReadRequest & { kind: 'read-stream' },
): Promise<void> => {
  const { stream, direction } = request;
  const patient = <T>(read: () => Promise<T>): Promise<T> =>
    patiently(read, PATIENCE_MS, sender.over);
  const { last, limits, tombstoned } = await patient(() => readableStream(node, stream));
  if (tombstoned) {
    sender.fail(failureStatus({ kind: 'stream-deleted', stream }));
    return;
  }
  if (last === NO_EVENTS || isSoftDeleted(limits)) {
    void sender.send(streamNotFoundFrame(stream));
    sender.end();
    return;
  }
  const backwards = direction === 'backwards';
  let { lowest, highest } = span(request.from, backwards, firstVisible(limits, last), last);
  const oldest = oldestVisible(limits, nowTicks());
  const page = adaptivePage();
  let remaining = request.count;
  while (remaining > 0n && lowest <= highest && !sender.over.aborted) {
    const limit = rowsFor(remaining, page.rows);
    const events = await patient(() =>
      streamPage(node, { stream, lowest, highest, oldest, direction, limit }),
    );
    page.learn(events);
    await sendAll(node, sender, events, request);
    remaining -= BigInt(events.length);
    const newest = events.at(-1);
    if (newest === undefined) break;
    if (backwards) highest = newest.revision - 1n;
    else lowest = newest.revision + 1n;
  }
  sender.end();
};

const readAll = async (
  node: Node,
  sender: Sender,
  request: ReadRequest & { kind: 'read-all' },
): Promise<void> => {
  const { direction, filter } = request;
  const patient = <T>(read: () => Promise<T>): Promise<T> =>
    patiently(read, PATIENCE_MS, sender.over);
  const backwards = direction === 'backwards';
  const head = node.hub.head;
  const start = numbered(request.from);
  // Forwards includes the position asked for, backwards begins just before it.
  let { lowest, highest } = backwards
    ? { lowest: 0n, highest: least(start - 1n, head) }
    : { lowest: start, highest: head };
  const page = adaptivePage();
  let remaining = request.count;
  while (remaining > 0n && lowest <= highest && !sender.over.aborted) {
    const limit = filter === undefined ? rowsFor(remaining, page.rows) : page.rows;
    const events = await patient(() => node.reader.allPage({ lowest, highest, direction, limit }));
    page.learn(events);
    const visible = events.filter((event) => !isHidden(event.stream));
    const passed = filter === undefined ? visible : filter(visible);
    const wanted = passed.slice(0, rowsFor(remaining, events.length));
    await sendAll(node, sender, wanted, request);
    remaining -= BigInt(wanted.length);
    const newest = events.at(-1);
    if (newest === undefined) break;
    if (backwards) highest = newest.position - 1n;
    else lowest = newest.position + 1n;
  }
  sender.end();
};

const serve = (node: Node, sender: Sender, request: ReadRequest): Promise<void> => {
  switch (request.kind) {
    case 'read-stream':
      return readStream(node, sender, request);
    case 'read-all':
      return readAll(node, sender, request);
    case 'subscribe-stream':
      return subscribeToStream(node, sender, request);
    case 'subscribe-all':
      return subscribeToAll(node, sender, request);
  }
};

const whyItFailed = (error: unknown): CallStatus => {
  const message = messageOf(error);
  if (error instanceof TooSlowError) {
    return callStatus(
      status.INVALID_ARGUMENT,
      `the regular expression of the filter is too slow: ${message}`,
    );
  }
  if (error instanceof BadRequestError) return callStatus(status.INVALID_ARGUMENT, message);
  if (error instanceof DamagedEventError) return callStatus(status.DATA_LOSS, message);
  if (error instanceof LogUnavailableError) return callStatus(status.UNAVAILABLE, message);
  return callStatus(status.UNKNOWN, message);
};

/** Errors of the request, which are nothing for the node's log. */
const isOfCaller = (error: unknown): boolean =>
  error instanceof BadRequestError || error instanceof TooSlowError;

const streamOf = (request: ReadRequest): string => ('stream' in request ? request.stream : '$all');

/** False when the caller may not read this; then the call has ended. */
const mayRead = async (caller: Caller, sender: Sender, request: ReadRequest): Promise<boolean> => {
  const stream = streamOf(request);
  const subscribes = request.kind === 'subscribe-stream' || request.kind === 'subscribe-all';
  // Listens before it looks, so that no change can come in between.
  if (subscribes) endWhenRefused(caller, sender, stream);
  const refusal = await caller.refusal('read', stream);
  if (refusal !== undefined) sender.fail(failureStatus(refusal));
  return refusal === undefined && !sender.over.aborted;
};

/** Reads and subscriptions are one method of the protocol. */
export const readHandler =
  (node: Node) =>
  (call: ServerWritableStream<ReadReq, Buffer>, caller: Caller | undefined): void => {
    const sender = createSender(call, node.calls);
    const answer = async (): Promise<void> => {
      try {
        const request = parseReadRequest(call.request);
        if (caller !== undefined && !(await mayRead(caller, sender, request))) return;
        await serve(node, sender, request);
      } catch (error) {
        if (sender.over.aborted) return;
        if (!isOfCaller(error)) node.log('error', 'a read failed', { reason: messageOf(error) });
        sender.fail(whyItFailed(error));
      }
    };
    void answer();
  };
