import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Refusal } from '../access/index.ts';
import type { Failure, Outcome } from '../core/model.ts';
import { messageOf } from '../log/connection.ts';
import type { Node } from '../node.ts';
import { batchAppendResponse } from '../wire/append-responses.ts';
import type { BatchRequest } from '../wire/batch-request.ts';
import { callStatus } from '../wire/failures.ts';
import { readUuid, type WireUuid } from '../wire/uuid.ts';
import { type Incoming, NEVER_COMPLETED, openIncoming, TIMED_OUT } from './batch-incoming.ts';
import type { Caller } from './caller.ts';
import { createSender } from './calls.ts';
import { collect } from './collected.ts';
import { createFlow } from './flow.ts';
import { NO_ROOM } from './incomplete.ts';

/**
 * Many appends over one stream, told apart by their correlation ids. Each is answered exactly once:
 * the client takes a second answer, or one it does not know, for a crash.
 */
export const batchAppendHandler =
  (node: Node) =>
  (call: ServerDuplexStream<BatchRequest, Buffer>, caller: Caller | undefined): void => {
    const sender = createSender(call, node.calls);
    const flow = createFlow(call);
    const incoming = new Map<string, Incoming>();
    let ended = false;

    const endWhenDone = (): void => {
      if (ended && flow.outstanding === 0 && incoming.size === 0) sender.end();
    };
    const answer = ({ correlation, stream, expected }: Incoming, outcome: Outcome): void => {
      flow.sent(sender.send(batchAppendResponse({ correlation, stream, expected, outcome })));
    };
    /** Forgets the append, so that whatever else comes for it is ignored. */
    const close = (open: Incoming): void => {
      clearTimeout(open.timer);
      node.incomplete.give(open.held);
      open.held = 0;
      incoming.delete(open.correlation.text);
    };
    const refuse = (open: Incoming, failure: Failure): void => {
      close(open);
      answer(open, { ok: false, failure });
      endWhenDone();
    };

    const begin = (open: Incoming, message: BatchAppendReq): void => {
      // A complete append is watched over by the writer, a timer for each would only cost; and nothing more
      // comes for it, so it need not be found.
      if (!message.getIsFinal()) {
        incoming.set(open.correlation.text, open);
        open.timer = setTimeout(() => refuse(open, TIMED_OUT), open.timeoutMs);
      }
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
      flow.asking(true);
      void asked.then((refusal) => {
        if (sender.over.aborted) return;
        judge(refusal);
        flow.asking(false);
      });
    };

    const submit = (open: Incoming): void => {
      close(open);
      const { stream, expected, collected, timeoutMs } = open;
      const { events } = collected;
      flow.submitted();
      node.writer.submit({ kind: 'append', stream, expected, events }, timeoutMs, (outcome) => {
        flow.settled();
        if (!outcome.ok && outcome.failure.kind === 'unavailable') {
          // Going down: the stream ends for all of them, and the client connects anew.
          sender.fail(callStatus(status.CANCELLED, 'Server is shutting down'));
          return;
        }
        answer(open, outcome);
        endWhenDone();
      });
    };

    /** More of it is to come: what there is counts among what is incomplete. */
    const hold = (open: Incoming): void => {
      const more = open.collected.weight - open.held;
      if (node.incomplete.take(more)) open.held += more;
      else refuse(open, NO_ROOM);
    };

    const take = (open: Incoming, message: BatchAppendReq): void => {
      const failure = collect(open.collected, message.getProposedMessagesList());
      if (failure !== undefined) refuse(open, failure);
      else if (message.getIsFinal()) submit(open);
      else hold(open);
    };

    const first = (correlation: WireUuid, { message, durationMs }: BatchRequest): void => {
      const options = message.getOptions();
      if (options === undefined) return;
      const { open, refused } = openIncoming(correlation, options, durationMs);
      if (refused !== undefined) refuse(open, refused);
      else if (caller === undefined) begin(open, message);
      else authorise(caller, open, message);
    };

    const receive = (request: BatchRequest): void => {
      const correlation = readUuid(request.message.getCorrelationId());
      if (correlation === undefined) {
        // Nothing could be answered to it, and an append without an answer is waited for for ever.
        sender.fail(callStatus(status.INVALID_ARGUMENT, 'a correlation id, a UUID, is required'));
        return;
      }
      const known = incoming.get(correlation.text);
      if (known === undefined) first(correlation, request);
      else take(known, request.message);
    };

    call.on('data', (request: BatchRequest) => {
      if (sender.over.aborted) return;
      try {
        receive(request);
      } catch (error) {
        // Nobody above would catch it: a bug must cost its own stream, not the node.
        node.log('error', 'a batch append failed', { reason: messageOf(error) });
        sender.fail(callStatus(status.INTERNAL, 'the append could not be worked on'));
      }
    });
    call.on('end', () => {
      ended = true;
      // What is incomplete now will never be complete.
      for (const open of [...incoming.values()]) refuse(open, NEVER_COMPLETED);
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
