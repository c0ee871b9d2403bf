import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Failure, Outcome } from '../core/model.ts';
import type { Node } from '../node.ts';
import { batchAppendResponse } from '../wire/append-responses.ts';
import type { BatchRequest } from '../wire/batch-request.ts';
import { callStatus } from '../wire/failures.ts';
import { readUuid, type WireUuid } from '../wire/uuid.ts';
import { collect, type Incoming, openIncoming, TIMED_OUT } from './batch-incoming.ts';
import { createSender } from './calls.ts';

/** Appends of one client that may wait at once; then its stream is not read for a while. */
const MOST_OUTSTANDING = 4_096;

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
    const answer = ({ correlation, stream, expected }: Incoming, outcome: Outcome): void => {
      void sender.send(batchAppendResponse({ correlation, stream, expected, outcome }));
    };
    /** Forgets the append, so that whatever else comes for it is ignored. */
    const close = (open: Incoming): void => {
      clearTimeout(open.timer);
      incoming.delete(open.correlation.text);
    };
    const refuse = (open: Incoming, failure: Failure): void => {
      close(open);
      answer(open, { ok: false, failure });
      endWhenDone();
    };

    const begin = (
      correlation: WireUuid,
      options: BatchAppendReq.Options,
      { message, durationMs }: BatchRequest,
    ): Incoming | undefined => {
      const { open, refused } = openIncoming(correlation, options, durationMs);
      if (refused !== undefined) {
        refuse(open, refused);
        return undefined;
      }
      incoming.set(correlation.text, open);
      // Complete appends are watched over by the writer; a timer for each would only cost.
      if (!message.getIsFinal())
        open.timer = setTimeout(() => refuse(open, TIMED_OUT), open.timeoutMs);
      return open;
    };

    const submit = (open: Incoming): void => {
      close(open);
      const { stream, expected, events, timeoutMs } = open;
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
        answer(open, outcome);
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
      if (open === undefined) return;
      const failure = collect(open, frame.getProposedMessagesList());
      if (failure !== undefined) refuse(open, failure);
      else if (frame.getIsFinal()) submit(open);
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
