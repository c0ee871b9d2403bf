import type { AppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import type { Refusal } from '../access/index.ts';
import type { Command, Failure, NewEvent, Outcome } from '../core/model.ts';
import { MAX_APPEND_SIZE, WRITE_TIMEOUT_MS } from '../core/model.ts';
import type { Node } from '../node.ts';
import { appendSuccess, appendWrongVersion } from '../wire/append-responses.ts';
import { failureStatus } from '../wire/failures.ts';
import { type AppendTarget, appendHeader } from './append-target.ts';
import type { Caller } from './caller.ts';
import { isFailure, readProposed } from './proposed.ts';
import { singleReply } from './single.ts';

const NO_HEADER: Failure = { kind: 'bad-request', message: 'an append begins with its options' };

/** Puts the messages of one call together. */
const collector = () => {
  let header: AppendTarget | undefined;
  const events: NewEvent[] = [];
  let size = 0;

  const addEvent = (message: AppendReq.ProposedMessage): Failure | undefined => {
    if (header === undefined) return NO_HEADER;
    const event = readProposed(message);
    if (isFailure(event)) return event;
    size += event.data.length;
    if (size > MAX_APPEND_SIZE) return { kind: 'too-large', maximum: MAX_APPEND_SIZE };
    events.push(event);
    return undefined;
  };

  return {
    get stream() {
      return header?.stream;
    },
    add(message: AppendReq): Failure | undefined {
      const options = message.getOptions();
      if (options === undefined) {
        const proposed = message.getProposedMessage();
        return proposed && addEvent(proposed);
      }
      const name = options.getStreamIdentifier()?.getStreamName_asU8();
      const { refused, ...target } = appendHeader(name, options, () => options.getRevision());
      header = target;
      return refused;
    },
    command: (): Command | undefined => header && { kind: 'append', ...header, events },
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
    const reply = singleReply(node.calls, call, callback);
    const collected = collector();
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

    call.on('data', (message: AppendReq) => {
      if (reply.done) return;
      const failure = collected.add(message);
      if (failure !== undefined) refuse(failure);
      else if (caller !== undefined && message.hasOptions() && collected.stream !== undefined) {
        authorise(caller, collected.stream);
      }
    });
    call.on('end', () => {
      if (reply.done) return;
      const command = collected.command();
      if (command === undefined) refuse(NO_HEADER);
      else node.writer.submit(command, WRITE_TIMEOUT_MS, answer);
    });
  };
