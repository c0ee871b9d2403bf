import type { AppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { Expected, Failure, NewEvent } from '../core/model.ts';
import { MAX_APPEND_SIZE, WRITE_TIMEOUT_MS } from '../core/model.ts';
import type { Node } from '../node.ts';
import { appendSuccess, appendWrongVersion } from '../wire/append-responses.ts';
import { callStatus, failureStatus } from '../wire/failures.ts';
import { isFailure, readExpected, readProposed } from './proposed.ts';
import { BadRequestError, streamNameFrom } from './read-request.ts';
import { singleReply } from './single.ts';

const headerFrom = (options: AppendReq.Options): { stream: string; expected: Expected } => ({
  stream: streamNameFrom(options.getStreamIdentifier()?.getStreamName_asU8()),
  expected: readExpected(options, () => options.getRevision()),
});

/** The classic append: one call per append, used when a call brings its own credentials. */
export const appendHandler =
  (node: Node) =>
  (call: ServerReadableStream<AppendReq, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const reply = singleReply(node.calls, call, callback);
    let header: { stream: string; expected: Expected } | undefined;
    const events: NewEvent[] = [];
    let size = 0;

    const refuse = (failure: Failure): void => reply.fail(failureStatus(failure));

    const take = (message: AppendReq): void => {
      const options = message.getOptions();
      if (options !== undefined) {
        header = headerFrom(options);
        return;
      }
      const proposed = message.getProposedMessage();
      if (proposed === undefined) return;
      if (header === undefined) throw new BadRequestError('an append begins with its options');
      const event = readProposed(proposed);
      if (isFailure(event)) {
        refuse(event);
        return;
      }
      size += event.data.length;
      if (size > MAX_APPEND_SIZE) refuse({ kind: 'too-large', maximum: MAX_APPEND_SIZE });
      else events.push(event);
    };

    call.on('data', (message: AppendReq) => {
      if (reply.done) return;
      try {
        take(message);
      } catch (error) {
        const code = error instanceof BadRequestError ? status.INVALID_ARGUMENT : status.UNKNOWN;
        reply.fail(callStatus(code, String(error)));
      }
    });
    call.on('end', () => {
      if (reply.done) return;
      if (header === undefined) {
        reply.fail(callStatus(status.INVALID_ARGUMENT, 'an append begins with its options'));
        return;
      }
      const command = { kind: 'append' as const, ...header, events };
      node.writer.submit(command, WRITE_TIMEOUT_MS, (outcome) => {
        if (outcome.ok) reply.send(appendSuccess(outcome));
        // A wrong version is an answer here, not an error.
        else if (outcome.failure.kind === 'wrong-expected-version') {
          reply.send(appendWrongVersion(outcome.failure));
        } else refuse(outcome.failure);
      });
    });
  };
