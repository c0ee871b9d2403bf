import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Refusal } from '../access/index.ts';
import type { Failure, Outcome } from '../core/model.ts';
import type { Node } from '../node.ts';
import { batchAppendResponse } from '../wire/append-responses.ts';
import type { BatchRequest } from '../wire/batch-request.ts';
import { callStatus } from '../wire/failures.ts';
import { readUuid, type WireUuid } from '../wire/uuid.ts';
import { collect, type Incoming, openIncoming, TIMED_OUT } from './batch-incoming.ts';
import type { Caller } from './caller.ts';
import { createSender } from './calls.ts';

/** Appends of one client that may wait at once; then its stream is not read for a while. */
const MOST_OUTSTANDING = 4_096;

/**
 * Many appends over one stream, told apart by their correlation ids. Each is answered exactly once:
 * the client takes a second answer, or one it does not know, for a crash.
 */
export const batchAppendHandler =
  (node: Node) =>
  (call: ServerDuplexStream<BatchRequest, Buffer>, caller: Caller | undefined): void => {
    const sender = createSender(call, node.calls);
    const incoming = new Map<string, Incoming>();
    let outstanding = 0;
    let full = false;
    let asking = false;
    let ended = false;

    const flow = (): void => {
      if (full || asking) call.pause();
      else call.resume();
    };

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

    const begin = (open: Incoming, message: BatchAppendReq): void => {
      incoming.set(open.correlation.text, open);
      // Complete appends are watched over by the writer; a timer for each would only cost.
      if (!message.getIsFinal())
        open.timer = setTimeout(() => refuse(open, TIMED_OUT), open.timeoutMs);
      take(open, message);
    };

    /**
     * Asks whether the caller may write there, before anything else of this append is looked at. What
     * comes behind it waits, so that appends keep the order in which they were sent.
     */
    const authorise = (by: Caller, open: Incoming, message: BatchAppendReq): void => {
      const judge = (refusal: Refusal): void => {
        if (refusal === undefined) begin(open, message);
        else refuse(open, refusal);
      };
      const asked = by.refusal('write', open.stream);
      if (!(asked instanceof Promise)) {
        judge(asked);
        return;
      }
      asking = true;
      flow();
      void asked.then((refusal) => {
        asking = false;
        if (sender.over.aborted) return;
        judge(refusal);
        flow();
      });
    };

    const submit = (open: Incoming): void => {
      close(open);
      const { stream, expected, events, timeoutMs } = open;
      outstanding += 1;
      if (outstanding === MOST_OUTSTANDING) {
        full = true;
        flow();
      }
      node.writer.submit({ kind: 'append', stream, expected, events }, timeoutMs, (outcome) => {
        outstanding -= 1;
        if (!outcome.ok && outcome.failure.kind === 'unavailable') {
          // Going down: the stream ends for all of them, and the client connects anew.
          sender.fail(callStatus(status.CANCELLED, 'Server is shutting down'));
          return;
        }
        if (full && outstanding === MOST_OUTSTANDING >> 1) {
          full = false;
          flow();
        }
        answer(open, outcome);
        endWhenDone();
      });
    };

    const take = (open: Incoming, message: BatchAppendReq): void => {
      const failure = collect(open, message.getProposedMessagesList());
      if (failure !== undefined) refuse(open, failure);
      else if (message.getIsFinal()) submit(open);
    };

    const first = (correlation: WireUuid, { message, durationMs }: BatchRequest): void => {
      const options = message.getOptions();
      if (options === undefined) return;
      const { open, refused } = openIncoming(correlation, options, durationMs);
      if (refused !== undefined) refuse(open, refused);
      else if (caller === undefined) begin(open, message);
      else authorise(caller, open, message);
    };

    call.on('data', (request: BatchRequest) => {
      const correlation = readUuid(request.message.getCorrelationId());
      if (correlation === undefined) return;
      const known = incoming.get(correlation.text);
      if (known === undefined) first(correlation, request);
      else take(known, request.message);
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
