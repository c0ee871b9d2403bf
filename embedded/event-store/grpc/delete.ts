import type { DeleteReq, TombstoneReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { WRITE_TIMEOUT_MS } from '../core/model.ts';
import type { Node } from '../node.ts';
import { deleteSuccess } from '../wire/append-responses.ts';
import { callStatus, failureStatus } from '../wire/failures.ts';
import { readExpected } from './proposed.ts';
import { streamNameFrom } from './read-request.ts';
import { singleReply } from './single.ts';

/** Delete (soft: the stream can begin again) and Tombstone (hard: never) differ in what is written. */
export const deleteHandler =
  (node: Node, kind: 'delete' | 'tombstone') =>
  (
    call: ServerUnaryCall<DeleteReq | TombstoneReq, Buffer>,
    callback: sendUnaryData<Buffer>,
  ): void => {
    const reply = singleReply(node.calls, call, callback);
    try {
      const options = call.request.getOptions();
      const stream = streamNameFrom(options?.getStreamIdentifier()?.getStreamName_asU8());
      const expected =
        options === undefined ? 'any' : readExpected(options, () => options.getRevision());
      node.writer.submit({ kind, stream, expected }, WRITE_TIMEOUT_MS, (outcome) => {
        if (outcome.ok) reply.send(deleteSuccess(outcome));
        else reply.fail(failureStatus(outcome.failure));
      });
    } catch (error) {
      reply.fail(callStatus(status.INVALID_ARGUMENT, String(error)));
    }
  };
