import gossipMessages from '@eventstore/db-client/generated/gossip_pb.js';
import featureMessages from '@eventstore/db-client/generated/serverfeatures_pb.js';
import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import type { sendUnaryData } from '@grpc/grpc-js';
import type { Node } from '../node.ts';

/** The server whose protocol this is; clients decide by it what they may ask. */
export const SERVER_VERSION = '24.6.0';

/** Only what is implemented is advertised: a client then says "unsupported" by itself. */
const METHODS: readonly {
  readonly service: string;
  readonly method: string;
  readonly features: readonly string[];
}[] = [
  { service: 'streams.streams', method: 'read', features: ['position', 'events'] },
  { service: 'streams.streams', method: 'append', features: [] },
  { service: 'streams.streams', method: 'batchappend', features: ['deadline_duration'] },
  { service: 'streams.streams', method: 'delete', features: [] },
  { service: 'streams.streams', method: 'tombstone', features: [] },
  { service: 'projections.projections', method: 'enable', features: [] },
  { service: 'projections.projections', method: 'disable', features: [] },
  { service: 'projections.projections', method: 'statistics', features: [] },
  { service: 'projections.projections', method: 'restartsubsystem', features: [] },
  { service: 'gossip.gossip', method: 'read', features: [] },
  { service: 'server_features.serverfeatures', method: 'getsupportedmethods', features: [] },
];

const supportedMethods = (): Buffer => {
  const answer = new featureMessages.SupportedMethods();
  answer.setEventStoreServerVersion(SERVER_VERSION);
  answer.setMethodsList(
    METHODS.map(({ service, method, features }) => {
      const supported = new featureMessages.SupportedMethod();
      supported.setServiceName(`event_store.client.${service}`);
      supported.setMethodName(method);
      supported.setFeaturesList([...features]);
      return supported;
    }),
  );
  return Buffer.from(answer.serializeBinary());
};

export const featuresHandler = () => {
  const answer = supportedMethods();
  return (_call: unknown, callback: sendUnaryData<Buffer>): void => callback(null, answer);
};

/** A cluster of one: this node, and it leads. */
export const gossipHandler =
  (node: Node) =>
  (_call: unknown, callback: sendUnaryData<Buffer>): void => {
    const { host, port } = node.address();
    const endpoint = new gossipMessages.EndPoint();
    endpoint.setAddress(host);
    endpoint.setPort(port);
    const id = new sharedMessages.UUID();
    id.setString(node.instanceId);
    const member = new gossipMessages.MemberInfo();
    member.setInstanceId(id);
    member.setTimeStamp((BigInt(Date.now()) * 10_000n).toString());
    member.setState(gossipMessages.MemberInfo.VNodeState.LEADER);
    member.setIsAlive(true);
    member.setHttpEndPoint(endpoint);
    const answer = new gossipMessages.ClusterInfo();
    answer.setMembersList([member]);
    callback(null, Buffer.from(answer.serializeBinary()));
  };
