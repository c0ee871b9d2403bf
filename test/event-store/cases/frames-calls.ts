// Frames by hand: what the client never sends or never shows, see ../frames.ts.

import { once } from 'node:events';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import monitoring from '@eventstore/db-client/generated/monitoring_grpc_pb.js';
import operations from '@eventstore/db-client/generated/operations_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import users from '@eventstore/db-client/generated/users_grpc_pb.js';
import {
  type ChannelCredentials,
  Client,
  credentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { type Case, rule, ruleGiven } from '../case.ts';
import {
  addressOf,
  batchFrame,
  classic,
  classicEvent,
  classicHeader,
  empty,
  identifier,
  readFrames,
  readRequest,
  withClient,
  withStreams,
} from '../frames.ts';
import { happened, newStream, read, several } from '../kit.ts';
import type { RuleId } from '../rules.ts';

type Deletion = {
  readonly kind: 'delete' | 'tombstone';
  readonly stream: string;
  readonly expected: 'any' | 'stream_exists' | bigint;
};

const deletion = (url: string, { kind, stream, expected }: Deletion) =>
  withStreams(
    url,
    (client) =>
      new Promise<ServiceError | null>((resolve) => {
        const options = new streams.DeleteReq.Options();
        options.setStreamIdentifier(identifier(stream));
        if (expected === 'any') options.setAny(empty());
        else if (expected === 'stream_exists') options.setStreamExists(empty());
        else options.setRevision(expected.toString());
        if (kind === 'delete') client.delete(new streams.DeleteReq().setOptions(options), resolve);
        else {
          const same = streams.TombstoneReq.deserializeBinary(
            new streams.DeleteReq().setOptions(options).serializeBinary(),
          );
          client.tombstone(same, resolve);
        }
      }),
  );

const trailersOf = (error: ServiceError | null | undefined) => error?.metadata.getMap() ?? {};

const missing: readonly (readonly [RuleId, string, Record<string, string>, string])[] = [
  ['append.required', 'the type', { 'content-type': 'application/json' }, 'type'],
  ['append.required', 'the content type', { type: 't' }, 'content-type'],
  ['append.required', 'both', {}, 'type,content-type'],
];

const contentTypes = [
  ['application/json', 'application/json'],
  ['application/octet-stream', 'application/octet-stream'],
  ['text/plain', 'application/octet-stream'],
  ['application/vnd.pet+json', 'application/octet-stream'],
] as const;

type Service = new (address: string, channel: ChannelCredentials) => Client;
const absent: readonly (readonly [string, Service, string])[] = [
  [
    'a scavenge',
    operations.OperationsClient,
    '/event_store.client.operations.Operations/StartScavenge',
  ],
  ['a list of users', users.UsersClient, '/event_store.client.users.Users/Details'],
  ['statistics', monitoring.MonitoringClient, '/event_store.client.monitoring.Monitoring/Stats'],
  ['an election', Client, '/event_store.cluster.Elections/Prepare'],
];

/** A method called with bytes as they are. */
const raw = (client: Client, path: string, body: Buffer) =>
  new Promise<ServiceError | null>((resolve) => {
    const same = (bytes: Buffer): Buffer => bytes;
    client.makeUnaryRequest(path, same, same, body, (error: ServiceError | null) => resolve(error));
  });

export const framesCalls: Case[] = [
  rule(
    ['connect.gossip', 'connect.anonymous'],
    'gossip: one member that leads',
    async (context) => {
      const { url, expect, ours } = context;
      const members = await withClient(
        gossipService.GossipClient,
        url,
        (client) =>
          new Promise<Record<string, unknown>[]>((resolve, reject) => {
            client.read(empty(), (error, info) => {
              if (error) reject(error);
              else resolve(info.toObject().membersList);
            });
          }),
      );
      expect(members).toHaveLength(1);
      expect(members[0]).toMatchObject({
        isAlive: true,
        instanceId: { string: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      });
      const { hostname, port } = new URL(`http://${addressOf(url)}`);
      // A real server advertises the address it was told, which a container's need not be.
      if (ours) {
        expect(members[0]?.['httpEndPoint']).toEqual({ address: hostname, port: Number(port) });
        // Leader, in the numbers of gossip.proto.
        expect(members[0]?.['state']).toBe(8);
      }
    },
  ),
  rule(
    ['connect.features', 'connect.anonymous'],
    'server features: the version, and the tags clients look for',
    async ({ url, expect, ours }) => {
      const answer = await withClient(
        features.ServerFeaturesClient,
        url,
        (client) =>
          new Promise<{ version: string; tags: Map<string, string[]> }>((resolve, reject) => {
            client.getSupportedMethods(empty(), (error, methods) => {
              if (error) return reject(error);
              const list = methods.getMethodsList().map((one) => {
                const name = `${one.getServiceName()}/${one.getMethodName()}`;
                return [name, one.getFeaturesList()] as const;
              });
              resolve({ version: methods.getEventStoreServerVersion(), tags: new Map(list) });
            });
          }),
      );
      expect(answer.version).toMatch(ours ? /^24\.6\.0$/ : /^\d+\.\d+\.\d+/);
      const streamsOf = (method: string) =>
        answer.tags.get(`event_store.client.streams.streams/${method}`);
      expect(streamsOf('read')).toEqual(expect.arrayContaining(['position', 'events']));
      expect(streamsOf('batchappend')).toEqual(['deadline_duration']);
      for (const method of ['append', 'delete', 'tombstone']) expect(streamsOf(method)).toEqual([]);
    },
  ),
  ...absent.map(([what, service, path]) =>
    rule('connect.unimplemented', `${what} is not implemented`, async ({ url, expect, ours }) => {
      // A real server has them, and nobody should scavenge it from here.
      if (!ours) return;
      const error = await withClient(service, url, (client) => raw(client, path, Buffer.alloc(0)));
      expect(error?.code).toBe(status.UNIMPLEMENTED);
    }),
  ),
  ...missing.map(([id, what, properties, named]) =>
    rule([id, 'error.trailers'], `${what} missing: named in the trailers`, async (context) => {
      const { error } = await classic(context.url, [
        classicHeader(newStream()),
        classicEvent({ properties }),
      ]);
      context.expect(error?.code).toBe(status.INVALID_ARGUMENT);
      context.expect(trailersOf(error)).toMatchObject({
        exception: 'missing-required-metadata-property',
        'required-metadata-properties': named,
      });
    }),
  ),
  ...contentTypes.map(([given, found]) =>
    rule(
      'append.content-type',
      `${given} comes back as ${found}, with its bytes as they were`,
      async ({ url, expect }) => {
        const stream = newStream();
        const data = Buffer.from('{ not json');
        const properties = { type: 't', 'content-type': given };
        const { error } = await classic(url, [
          classicHeader(stream),
          classicEvent({ properties, data }),
        ]);
        expect(error).toBeNull();
        const { got } = await readFrames(url, readRequest({ stream }));
        const event = got[0]?.getEvent()?.getEvent();
        expect(event?.getMetadataMap().get('content-type')).toBe(found);
        expect(Buffer.from(event?.getData_asU8() ?? []).equals(data)).toBe(true);
      },
    ),
  ),
  rule(
    ['classic.refused-early', 'append.all-denied', 'error.trailers'],
    'an append to $all is refused before its events have come',
    async ({ url, expect, ours }) => {
      if (!ours) return;
      const { error } = await classic(url, [classicHeader('$all')], { end: false });
      expect(error?.code).toBe(status.PERMISSION_DENIED);
      expect(trailersOf(error)).toMatchObject({ exception: 'access-denied' });
    },
  ),
  rule('classic.header', 'an append without options', async ({ url, expect, ours }) => {
    for (const parts of [[classicEvent()], []]) {
      const { error } = await classic(url, parts);
      if (ours) expect(error?.code).toBe(status.INVALID_ARGUMENT);
      else expect(error?.code).toBeGreaterThan(0);
    }
  }),
  ruleGiven(
    'classic.wrong-version',
    'a wrong version is an answer, in the fields of today and of 20.6',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(3));
      return stream;
    },
    async ({ url, expect }, stream) => {
      const header = classicHeader(stream);
      header.getOptions()?.clearAny();
      header.getOptions()?.setRevision('7');
      const { error, answer } = await classic(url, [header, classicEvent()]);
      expect(error).toBeNull();
      const wrong = answer?.getWrongExpectedVersion();
      expect([wrong?.getCurrentRevision(), wrong?.getExpectedRevision()]).toEqual(['2', '7']);
      expect(Number(wrong?.getCurrentRevision2060())).toBe(2);
      expect(Number(wrong?.getExpectedRevision2060())).toBe(7);
    },
  ),
  ...(['delete', 'tombstone'] as const).map((kind) =>
    ruleGiven(
      ['error.trailers', kind === 'delete' ? 'delete.expected' : 'tombstone.expected'],
      `${kind} at a wrong version: the trailers say which`,
      async ({ client }) => {
        const stream = newStream();
        await client.appendToStream(stream, several(3));
        return stream;
      },
      async ({ url, expect }, stream) => {
        const error = await deletion(url, { kind, stream, expected: 7n });
        expect(error?.code).toBe(status.FAILED_PRECONDITION);
        expect(trailersOf(error)).toMatchObject({
          exception: 'wrong-expected-version',
          'stream-name': stream,
          'expected-version': '7',
          'actual-version': '2',
        });
      },
    ),
  ),
  ...(['delete', 'tombstone'] as const).map((kind) =>
    rule(
      [kind === 'delete' ? 'delete.nothing' : 'tombstone.expected', 'error.trailers'],
      `${kind} with stream_exists of what never was`,
      async ({ url, expect }) => {
        const error = await deletion(url, { kind, stream: newStream(), expected: 'stream_exists' });
        expect(trailersOf(error)).toMatchObject({
          exception: 'wrong-expected-version',
          'actual-version': '-1',
        });
      },
    ),
  ),
  ruleGiven(
    'delete.stream-exists',
    'a deleted stream cannot be deleted or tombstoned with stream_exists',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, happened());
      await client.deleteStream(stream);
      return stream;
    },
    async ({ url, expect }, stream) => {
      for (const kind of ['delete', 'tombstone'] as const) {
        const error = await deletion(url, { kind, stream, expected: 'stream_exists' });
        expect(trailersOf(error)).toMatchObject({ exception: 'stream-deleted' });
      }
    },
  ),
  ruleGiven(
    ['error.trailers', 'error.ascii'],
    'a tombstoned stream with a name beyond ASCII',
    async ({ client }) => {
      const stream = newStream('größe');
      await client.tombstoneStream(stream);
      return stream;
    },
    async ({ url, expect }, stream) => {
      const { error } = await readFrames(url, readRequest({ stream }));
      expect(error?.code).toBe(status.FAILED_PRECONDITION);
      const trailers = trailersOf(error);
      expect(trailers['exception']).toBe('stream-deleted');
      expect(String(trailers['stream-name'])).toMatch(/^[\x20-\x7e]+$/);
    },
  ),
  rule('error.trailers', 'too much data: the limit is in the trailers', async ({ url, expect }) => {
    const large = classicEvent({ data: Buffer.alloc(1_048_577) });
    const { error } = await classic(url, [classicHeader(newStream()), large]);
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    expect(trailersOf(error)).toMatchObject({
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': '1048576',
    });
  }),
  ...(['Read', 'Delete', 'Append', 'BatchAppend'] as const).map((method) =>
    rule(
      'malformed.survives',
      `${method}: bytes that are no message fail that call alone`,
      async ({ client, url, expect }) => {
        const following = newStream();
        const path = `/event_store.client.streams.Streams/${method}`;
        const garbage = Buffer.from('0affffffffffffffffff01', 'hex');
        const error = await withClient(Client, url, (one) => raw(one, path, garbage));
        expect(error?.code).toBeGreaterThan(0);
        await client.appendToStream(following, happened());
        expect(await read(client.readStream(following))).toHaveLength(1);
      },
    ),
  ),
  rule(
    ['shutdown.streams', 'shutdown.single', 'shutdown.answers'],
    'a node that goes down says so to every call, after the answers it owes',
    async ({ expect, ownNode }) => {
      const going = await ownNode();
      const client = new streamsService.StreamsClient(
        addressOf(going.url),
        credentials.createInsecure(),
      );
      const reading = client.read(readRequest({ subscribe: true }));
      const readEnds = new Promise<ServiceError>((resolve) => {
        reading.on('error', resolve);
      });
      reading.on('data', () => undefined);
      const batch = client.batchAppend();
      const answers: streams.BatchAppendResp[] = [];
      batch.on('data', (answer: streams.BatchAppendResp) => answers.push(answer));
      const batchEnds = new Promise<ServiceError>((resolve) => {
        batch.on('error', resolve);
      });
      const single = new Promise<ServiceError | null>((resolve) => {
        const call = client.append((error) => resolve(error));
        call.on('error', () => undefined);
        call.write(classicHeader(newStream()));
      });
      // The header has arrived when something sent after it on the same connection is answered.
      batch.write(batchFrame({ id: crypto.randomUUID(), stream: newStream() }));
      await once(batch, 'data');
      for (let n = 0; n < 20; n++) {
        batch.write(batchFrame({ id: crypto.randomUUID(), stream: newStream() }));
      }
      await new Promise((resolve) => setImmediate(resolve));

      await going.close();

      expect(await readEnds).toMatchObject({ code: status.CANCELLED });
      expect(await batchEnds).toMatchObject({ code: status.CANCELLED });
      expect(await single).toMatchObject({ code: status.UNAVAILABLE });
      for (const answer of answers) expect(answer.hasSuccess()).toBe(true);
      client.close();
    },
    { oursOnly: true },
  ),
];
