import type { EventStoreDBClient } from '@eventstore/db-client';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type CallOptions, Client, type ClientDuplexStream, type Metadata } from '@grpc/grpc-js';

/** A stream of encoded requests and answers. */
export type Channel = ClientDuplexStream<Buffer, Buffer>;

/**
 * What the official client (6.2.1) has for its own calls and for whoever extends it: its connection,
 * with discovery, credentials, reconnecting and disposal.
 */
type Extendable = {
  GRPCStreamCreator(
    of: typeof Client,
    name: string,
    create: (client: Client) => Channel,
  ): () => Promise<Channel>;
  callArguments(options: object, call: CallOptions): [Metadata, CallOptions];
  supports(method: { readonly path: string }): Promise<boolean>;
};

const members: readonly (keyof Extendable)[] = ['GRPCStreamCreator', 'callArguments', 'supports'];

function isExtendable(client: object): client is Extendable {
  return members.every((member) => typeof Reflect.get(client, member) === 'function');
}

const asItIs = (bytes: Buffer): Buffer => bytes;
const { batchAppend } = streams.StreamsService;

/**
 * A stream of batch appends of our own on the client's connection, which the client ends when it is
 * disposed of; `attach` is called before anything can happen to it. Null where the store has no batch
 * appends, or the client is another one than this was made for: then appends go the client's own way.
 */
export async function openChannel<T>(
  client: EventStoreDBClient,
  attach: (channel: Channel) => T,
): Promise<T | null> {
  const extendable: object = client;
  if (!isExtendable(extendable) || !(await extendable.supports(batchAppend))) return null;
  const [metadata, options] = extendable.callArguments({}, { deadline: Number.POSITIVE_INFINITY });
  let attached: T | null = null;
  const open = extendable.GRPCStreamCreator(Client, 'appending', (grpc) => {
    const { path } = batchAppend;
    const channel = grpc.makeBidiStreamRequest(path, asItIs, asItIs, metadata, options);
    attached = attach(channel);
    return channel;
  });
  await open();
  return attached;
}
