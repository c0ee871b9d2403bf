import gossip from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import projections from '@eventstore/db-client/generated/projections_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { MethodDefinition, Server, sendUnaryData } from '@grpc/grpc-js';
import type { Node } from '../node.ts';
import { readBatchRequest } from '../wire/batch-request.ts';
import { checked, type Shape, shapes } from '../wire/shape.ts';
import { appendHandler } from './append.ts';
import { batchAppendHandler } from './batch-append.ts';
import { type Caller, identified } from './caller.ts';
import { deleteHandler } from './delete.ts';
import { featuresHandler, gossipHandler } from './discovery.ts';
import { projectionHandlers } from './projections.ts';
import { readHandler } from './read.ts';

/** A name of 2 KiB, a filter of a thousand prefixes. */
const MOST_READ_BYTES = 1024 * 1024;
/** A name and a revision, or nothing at all. */
const MOST_SMALL_BYTES = 64 * 1024;

type Method<Request> = Pick<
  MethodDefinition<Request, unknown>,
  'path' | 'requestStream' | 'responseStream' | 'requestSerialize' | 'requestDeserialize'
>;

/** A method of the protocol whose requests are looked over and whose answers the handler encodes. */
const method = <Request>(definition: Method<Request>, shape: Shape, mostBytes?: number) => ({
  path: definition.path,
  requestStream: definition.requestStream,
  responseStream: definition.responseStream,
  requestSerialize: definition.requestSerialize,
  requestDeserialize: checked(definition.requestDeserialize, shape, mostBytes),
  responseSerialize: (answer: Buffer): Buffer => answer,
  responseDeserialize: (answer: Buffer): Buffer => answer,
});

const { read, append, batchAppend, delete: remove, tombstone } = streams.StreamsService;
const { getSupportedMethods } = features.ServerFeaturesService;
const { ProjectionsService: projection } = projections;

/** A call about one projection. */
const named = <Request>(definition: Method<Request>) =>
  method(definition, shapes.named, MOST_SMALL_BYTES);

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
      read: method(read, shapes.read, MOST_READ_BYTES),
      append: method(append, shapes.append),
      batchAppend: {
        ...method(batchAppend, shapes.batchAppend),
        requestDeserialize: checked(readBatchRequest, shapes.batchAppend),
      },
      delete: method(remove, shapes.delete, MOST_SMALL_BYTES),
      tombstone: method(tombstone, shapes.delete, MOST_SMALL_BYTES),
    },
    {
      read: streaming(node, readHandler(node)),
      append: single(node, appendHandler(node)),
      batchAppend: streaming(node, batchAppendHandler(node)),
      delete: single(node, deleteHandler(node, 'delete')),
      tombstone: single(node, deleteHandler(node, 'tombstone')),
    },
  );
  const { statistics, ...answered } = projectionHandlers(node);
  server.addService(
    {
      statistics: method(projection.statistics, shapes.statistics, MOST_SMALL_BYTES),
      enable: named(projection.enable),
      disable: named(projection.disable),
      restartSubsystem: method(projection.restartSubsystem, shapes.empty, MOST_SMALL_BYTES),
      update: method(projection.update, shapes.update, MOST_READ_BYTES),
      delete: named(projection.delete),
      reset: named(projection.reset),
      state: named(projection.state),
      result: named(projection.result),
    },
    {
      statistics: streaming(node, statistics),
      ...Object.fromEntries(
        Object.entries(answered).map(([name, handle]) => [name, single(node, handle)]),
      ),
    },
  );
  // A client asks these two before it says who it is.
  server.addService(
    { read: method(gossip.GossipService.read, shapes.empty, MOST_SMALL_BYTES) },
    { read: gossipHandler(node) },
  );
  server.addService(
    { getSupportedMethods: method(getSupportedMethods, shapes.empty, MOST_SMALL_BYTES) },
    { getSupportedMethods: featuresHandler() },
  );
};
