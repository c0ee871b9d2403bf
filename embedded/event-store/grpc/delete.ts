import type { DeleteReq, TombstoneReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { type Failure, type StreamCommand, WRITE_TIMEOUT_MS } from '../core/model.ts';
import type { Node } from '../node.ts';
import { deleteSuccess } from '../wire/append-responses.ts';
import { failureStatus } from '../wire/failures.ts';
import { type Caller, whenKnown } from './caller.ts';
import { readExpected } from './proposed.ts';
import { BadRequestError, streamNameFrom } from './read-request.ts';
import { singleReply } from './single.ts';

type Kind = 'delete' | 'tombstone';
type BadRequest = Extract<Failure, { kind: 'bad-request' }>;

export const deletionFrom = (
  kind: Kind,
  request: DeleteReq | TombstoneReq,
): StreamCommand | BadRequest => {
  const options = request.getOptions();
  try {
    const stream = streamNameFrom(options?.getStreamIdentifier()?.getStreamName_asU8());
    const expected =
      options === undefined ? 'any' : readExpected(options, () => options.getRevision());
    return { kind, stream, expected };
  } catch (error) {
    if (!(error instanceof BadRequestError)) throw error;
    return { kind: 'bad-request', message: error.message };
  }
};

/** Delete (soft: the stream can begin again) and Tombstone (hard: never) differ in what is written. */
export const deleteHandler =
  (node: Node, kind: Kind) =>
  (
    call: ServerUnaryCall<DeleteReq | TombstoneReq, Buffer>,
    callback: sendUnaryData<Buffer>,
    caller: Caller | undefined,
  ): void => {
    // Before the call is counted as open: a bug in here is answered UNKNOWN by grpc-js.
    const command = deletionFrom(kind, call.request);
    const reply = singleReply(node.calls, call, callback);
    if (command.kind === 'bad-request') {
      reply.fail(failureStatus(command));
      return;
    }
    const submit = (): void =>
      node.writer.submit(command, WRITE_TIMEOUT_MS, (outcome) => {
        if (outcome.ok) reply.send(deleteSuccess(outcome));
        else reply.fail(failureStatus(outcome.failure));
      });
    whenKnown(caller?.refusal('delete', command.stream), (refusal) => {
      if (refusal === undefined) submit();
      else reply.fail(failureStatus(refusal));
    });
  };
