import type { AppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { type ServerReadableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import type { Refusal } from '../access/index.ts';
import type { Command, Failure, Outcome } from '../core/model.ts';
import { WRITE_TIMEOUT_MS } from '../core/model.ts';
import { messageOf } from '../log/connection.ts';
import type { Node } from '../node.ts';
import { appendSuccess, appendWrongVersion } from '../wire/append-responses.ts';
import { callStatus, failureStatus } from '../wire/failures.ts';
import { type AppendTarget, appendHeader } from './append-target.ts';
import type { Caller } from './caller.ts';
import { collect, nothingYet } from './collected.ts';
import { NO_ROOM } from './incomplete.ts';
import { singleReply } from './single.ts';

/** A client's own deadline is 10 s unless it says otherwise; one that stalls may have none. */
const COMPLETE_WITHIN_MS = 30_000;

const badRequest = (message: string): Failure => ({ kind: 'bad-request', message });
const NO_HEADER = badRequest('an append begins with its options');
const SECOND_HEADER = badRequest('an append has its options once');
const NOTHING_IN_IT = badRequest('a message of an append has options or an event');
const NOT_COMPLETED: Failure = {
  kind: 'timeout',
  message: `Operation timed out: the append was not complete after ${COMPLETE_WITHIN_MS / 1_000} s`,
};

/** Puts the messages of one call together. */
const collector = () => {
  let header: AppendTarget | undefined;
  const collected = nothingYet();

  const begin = (options: AppendReq.Options): Failure | undefined => {
    if (header !== undefined) return SECOND_HEADER;
    const name = options.getStreamIdentifier()?.getStreamName_asU8();
    const { refused, ...target } = appendHeader(name, options, () => options.getRevision());
    header = target;
    return refused;
  };

  return {
    collected,
    target: (): AppendTarget | undefined => header,
    add(message: AppendReq): Failure | undefined {
      const options = message.getOptions();
      if (options !== undefined) return begin(options);
      if (header === undefined) return NO_HEADER;
      const proposed = message.getProposedMessage();
      return proposed === undefined ? NOTHING_IN_IT : collect(collected, [proposed]);
    },
    command: (): Command | undefined =>
      header && { kind: 'append', ...header, events: collected.events },
  };
};

/** The classic append: one call per append, used when a call brings its own credentials. */
export const appendHandler =
  (node: Node) =>
  (
    call: ServerReadableStream<AppendReq, Buffer>,
    callback: sendUnaryData<Buffer>,
    caller: Caller | undefined,
  ): void => {
    const { add, collected, command, target } = collector();
    let held = 0;
    const late = setTimeout(() => refuse(NOT_COMPLETED), COMPLETE_WITHIN_MS);
    const reply = singleReply(node.calls, call, callback, () => {
      clearTimeout(late);
      node.incomplete.give(held);
      held = 0;
    });
    const refuse = (failure: Failure): void => reply.fail(failureStatus(failure));
    const answer = (outcome: Outcome): void => {
      if (outcome.ok) reply.send(appendSuccess(outcome));
      // A wrong version is an answer here, not an error.
      else if (outcome.failure.kind === 'wrong-expected-version') {
        reply.send(appendWrongVersion(outcome.failure));
      } else refuse(outcome.failure);
    };

    /** After the header and before the events, which wait for the answer. */
    const authorise = (by: Caller, stream: string): void => {
      const judge = (refusal: Refusal): void => {
        if (refusal !== undefined) refuse(refusal);
      };
      const asked = by.refusal('write', stream);
      if (!(asked instanceof Promise)) {
        judge(asked);
        return;
      }
      call.pause();
      void asked.then((refusal) => {
        judge(refusal);
        call.resume();
      });
    };

    const take = (message: AppendReq): Failure | undefined => {
      const failure = add(message);
      if (failure !== undefined) return failure;
      const more = collected.weight - held;
      if (!node.incomplete.take(more)) return NO_ROOM;
      held += more;
      return undefined;
    };

    call.on('data', (message: AppendReq) => {
      if (reply.done) return;
      try {
        const failure = take(message);
        const stream = target()?.stream;
        if (failure !== undefined) refuse(failure);
        else if (caller !== undefined && message.hasOptions() && stream !== undefined) {
          authorise(caller, stream);
        }
      } catch (error) {
        // Nobody above would catch it: a bug must cost its own call, not the node.
        node.log('error', 'an append failed', { reason: messageOf(error) });
        reply.fail(callStatus(status.INTERNAL, 'the append could not be worked on'));
      }
    });
    call.on('end', () => {
      if (reply.done) return;
      clearTimeout(late);
      const complete = command();
      if (complete === undefined) refuse(NO_HEADER);
      else node.writer.submit(complete, WRITE_TIMEOUT_MS, answer);
    });
  };
