import gossip from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { MethodDefinition, Server } from '@grpc/grpc-js';
import type { Node } from '../node.ts';
import { readBatchRequest } from '../wire/batch-request.ts';
import { appendHandler } from './append.ts';
import { batchAppendHandler } from './batch-append.ts';
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
      read: readHandler(node),
      append: appendHandler(node),
      batchAppend: batchAppendHandler(node),
      delete: deleteHandler(node, 'delete'),
      tombstone: deleteHandler(node, 'tombstone'),
    },
  );
  server.addService({ read: encoded(gossip.GossipService.read) }, { read: gossipHandler(node) });
  server.addService(
    { getSupportedMethods: encoded(features.ServerFeaturesService.getSupportedMethods) },
    { getSupportedMethods: featuresHandler() },
  );
};
