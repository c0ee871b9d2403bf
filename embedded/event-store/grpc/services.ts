import gossip from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { MethodDefinition, Server, sendUnaryData } from '@grpc/grpc-js';
import type { Node } from '../node.ts';
import { readBatchRequest } from '../wire/batch-request.ts';
import { appendHandler } from './append.ts';
import { batchAppendHandler } from './batch-append.ts';
import { type Caller, identified } from './caller.ts';
import { deleteHandler } from './delete.ts';
import { featuresHandler, gossipHandler } from './discovery.ts';
import { readHandler } from './read.ts';

/** A method of the protocol whose answers are encoded by the handler. */
const encoded = <Request>(
  method: Pick<
    MethodDefinition<Request, unknown>,
    'path' | 'requestStream' | 'responseStream' | 'requestSerialize' | 'requestDeserialize'
  >,
) => ({
  path: method.path,
  requestStream: method.requestStream,
  responseStream: method.responseStream,
  requestSerialize: method.requestSerialize,
  requestDeserialize: method.requestDeserialize,
  responseSerialize: (answer: Buffer): Buffer => answer,
  responseDeserialize: (answer: Buffer): Buffer => answer,
});

type Identifiable = Parameters<typeof identified>[1];

/** A handler of a call that is answered with a stream, with whoever calls. */
const streaming = <Call extends Identifiable & NodeJS.EventEmitter>(
  { access }: Node,
  handle: (call: Call, caller: Caller | undefined) => void,
) =>
  access === undefined
    ? (call: Call): void => handle(call, undefined)
    : (call: Call): void =>
        identified(
          access,
          call,
          (caller) => handle(call, caller),
          (why) => call.emit('error', why),
        );

type Single<Call> = (
  call: Call,
  callback: sendUnaryData<Buffer>,
  caller: Caller | undefined,
) => void;

/** The same for a call that has one answer. */
const single = <Call extends Identifiable>({ access }: Node, handle: Single<Call>) =>
  access === undefined
    ? (call: Call, callback: sendUnaryData<Buffer>): void => handle(call, callback, undefined)
    : (call: Call, callback: sendUnaryData<Buffer>): void =>
        identified(
          access,
          call,
          (caller) => handle(call, callback, caller),
          (why) => callback(why),
        );

/** What is not here answers UNIMPLEMENTED by itself. */
export const addServices = (server: Server, node: Node): void => {
  server.addService(
    {
      read: encoded(streams.StreamsService.read),
      append: encoded(streams.StreamsService.append),
      batchAppend: {
        ...encoded(streams.StreamsService.batchAppend),
        requestDeserialize: readBatchRequest,
      },
      delete: encoded(streams.StreamsService.delete),
      tombstone: encoded(streams.StreamsService.tombstone),
    },
    {
      read: streaming(node, readHandler(node)),
      append: single(node, appendHandler(node)),
      batchAppend: streaming(node, batchAppendHandler(node)),
      delete: single(node, deleteHandler(node, 'delete')),
      tombstone: single(node, deleteHandler(node, 'tombstone')),
    },
  );
  // A client asks these two before it says who it is.
  server.addService({ read: encoded(gossip.GossipService.read) }, { read: gossipHandler(node) });
  server.addService(
    { getSupportedMethods: encoded(features.ServerFeaturesService.getSupportedMethods) },
    { getSupportedMethods: featuresHandler() },
  );
};
