import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Expected, Failure, NewEvent, Outcome } from '../core/model.ts';
import { MAX_APPEND_SIZE, WRITE_TIMEOUT_MS } from '../core/model.ts';
import type { Node } from '../node.ts';
import { batchAppendResponse } from '../wire/append-responses.ts';
import type { BatchRequest } from '../wire/batch-request.ts';
import { callStatus } from '../wire/failures.ts';
import { readUuid, type WireUuid } from '../wire/uuid.ts';
import { createSender } from './calls.ts';
import { isFailure, readExpected, readProposed } from './proposed.ts';
import { BadRequestError, streamNameFrom } from './read-request.ts';

/** Appends of one client that may wait at once; then its stream is not read for a while. */
const MOST_OUTSTANDING = 4_096;

/** An append whose frames are still coming in. */
type Incoming = {
  readonly correlation: WireUuid;
  readonly stream: string;
  readonly expected: Expected;
  readonly timeoutMs: number;
  readonly events: NewEvent[];
  size: number;
  timer: NodeJS.Timeout | undefined;
};

const TIMED_OUT: Failure = { kind: 'timeout', message: 'the append was not complete in time' };

/** Client 6.2.1 sends an absolute time; without one, or with a far one, the server's limit holds. */
const timeoutFrom = (options: BatchAppendReq.Options, durationMs: number | undefined): number => {
  const deadline = options.getDeadline();
  if (deadline === undefined) return Math.min(WRITE_TIMEOUT_MS, durationMs ?? WRITE_TIMEOUT_MS);
  const at = deadline.getSeconds() * 1_000 + deadline.getNanos() / 1_000_000;
  return Math.min(WRITE_TIMEOUT_MS, at - Date.now());
};

type Target = { readonly stream: string; readonly expected: Expected };

const targetFrom = (options: BatchAppendReq.Options): Target | Failure => {
  try {
    return {
      stream: streamNameFrom(options.getStreamIdentifier()?.getStreamName_asU8()),
      expected: readExpected(options, () => options.getStreamPosition()),
    };
  } catch (error) {
    if (!(error instanceof BadRequestError)) throw error;
    return { kind: 'bad-request', message: error.message };
  }
};
/** An answer names a stream and an expectation even when the request did not. */
const NO_TARGET: Target = { stream: '', expected: 'any' };

/**
 * Many appends over one stream, told apart by their correlation ids. Each is answered exactly once:
 * the client takes a second answer, or one it does not know, for a crash.
 */
export const batchAppendHandler =
  (node: Node) =>
  (call: ServerDuplexStream<BatchRequest, Buffer>): void => {
    const sender = createSender(call, node.calls);
    const incoming = new Map<string, Incoming>();
    let outstanding = 0;
    let ended = false;

    const endWhenDone = (): void => {
      if (ended && outstanding === 0 && incoming.size === 0) sender.end();
    };
    const answer = (
      correlation: WireUuid,
      stream: string,
      expected: Expected,
      outcome: Outcome,
    ): void => {
      void sender.send(batchAppendResponse({ correlation, stream, expected, outcome }));
    };
    /** Forgets the append, so that whatever else comes for it is ignored. */
    const close = (open: Incoming): void => {
      clearTimeout(open.timer);
      incoming.delete(open.correlation.text);
    };
    const refuse = (open: Incoming, failure: Failure): void => {
      close(open);
      answer(open.correlation, open.stream, open.expected, { ok: false, failure });
      endWhenDone();
    };

    const begin = (
      correlation: WireUuid,
      options: BatchAppendReq.Options,
      { message, durationMs }: BatchRequest,
    ): Incoming | undefined => {
      const target = targetFrom(options);
      const failed = 'kind' in target ? target : undefined;
      const timeoutMs = timeoutFrom(options, durationMs);
      const open: Incoming = {
        correlation,
        ...('kind' in target ? NO_TARGET : target),
        timeoutMs,
        events: [],
        size: 0,
        timer: undefined,
      };
      const refused = failed ?? (timeoutMs <= 0 ? TIMED_OUT : undefined);
      if (refused !== undefined) {
        refuse(open, refused);
        return undefined;
      }
      incoming.set(correlation.text, open);
      // Complete appends are watched over by the writer; a timer for each would only cost.
      if (!message.getIsFinal()) open.timer = setTimeout(() => refuse(open, TIMED_OUT), timeoutMs);
      return open;
    };

    /** False when the append has been refused. */
    const collect = (open: Incoming, messages: readonly BatchAppendReq.ProposedMessage[]) => {
      for (const message of messages) {
        const event = readProposed(message);
        if (isFailure(event)) {
          refuse(open, event);
          return false;
        }
        open.size += event.data.length;
        if (open.size > MAX_APPEND_SIZE) {
          refuse(open, { kind: 'too-large', maximum: MAX_APPEND_SIZE });
          return false;
        }
        open.events.push(event);
      }
      return true;
    };

    const submit = (open: Incoming): void => {
      close(open);
      const { correlation, stream, expected, events, timeoutMs } = open;
      outstanding += 1;
      if (outstanding === MOST_OUTSTANDING) call.pause();
      node.writer.submit({ kind: 'append', stream, expected, events }, timeoutMs, (outcome) => {
        outstanding -= 1;
        if (!outcome.ok && outcome.failure.kind === 'unavailable') {
          // Going down: the stream ends for all of them, and the client connects anew.
          sender.fail(callStatus(status.CANCELLED, 'Server is shutting down'));
          return;
        }
        if (outstanding === MOST_OUTSTANDING >> 1) call.resume();
        answer(correlation, stream, expected, outcome);
        endWhenDone();
      });
    };

    call.on('data', (request: BatchRequest) => {
      const frame = request.message;
      const correlation = readUuid(frame.getCorrelationId());
      if (correlation === undefined) return;
      const options = frame.getOptions();
      const known = incoming.get(correlation.text);
      const open = known ?? (options && begin(correlation, options, request));
      if (open === undefined || !collect(open, frame.getProposedMessagesList())) return;
      if (frame.getIsFinal()) submit(open);
    });
    call.on('end', () => {
      ended = true;
      // What is incomplete now will never be complete.
      for (const open of [...incoming.values()]) close(open);
      endWhenDone();
    });
    sender.over.addEventListener(
      'abort',
      () => {
        for (const open of [...incoming.values()]) close(open);
      },
      { once: true },
    );
  };
