import { once } from 'node:events';
import { get } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import gossip from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import {
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { empty, readRequest } from '../frames.ts';
import { failure, happened, newStream, numbers, read } from '../kit.ts';
import { GROUPS, type Name, type SecuredContext, securedRule, urlFor } from '../secured.ts';

const page = async ({ port, ca }: SecuredContext, path: string) => {
  const request = get({ host: 'localhost', port, path, ca, agent: false });
  const [response] = await once(request, 'response');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { code: response.statusCode, body };
};

const channel = ({ ca }: SecuredContext) => credentials.createSsl(Buffer.from(ca));

/** How a read ends that carries this header. */
const readWith = async (
  context: SecuredContext,
  authorization: string,
  stream: string,
  options: ClientOptions = {},
) => {
  const client = new streams.StreamsClient(`localhost:${context.port}`, channel(context), options);
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  try {
    return await new Promise<ServiceError | undefined>((resolve) => {
      const call = client.read(readRequest({ stream }), metadata);
      call.on('data', () => undefined);
      call.on('error', resolve);
      call.on('end', () => resolve(undefined));
    });
  } finally {
    client.close();
  }
};
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

const badHeaders: readonly (readonly [string, (context: SecuredContext) => string])[] = [
  ['a wrong password', () => basic('zoe:guess')],
  ['no password', () => basic('zoe:')],
  ['an unknown user', ({ passwordOf }) => basic(`eve:${passwordOf('zoe')}`)],
  ['the password of somebody else', ({ passwordOf }) => basic(`admin:${passwordOf('zoe')}`)],
  ['no name', () => basic(':secret')],
  ['no colon', () => basic('zoe')],
  ['no base64', () => 'Basic %%%'],
  ['another scheme', () => 'Bearer zoe'],
  ['an empty header', () => ''],
];

const names = Object.keys(GROUPS) as Name[];

export const secure = [
  securedRule('secure.one-port', 'GET /ping and /health/live over TLS', async (context) => {
    const { expect } = context;
    expect(await page(context, '/ping')).toEqual({ code: 200, body: '{"msg":"Ping!"}' });
    expect(await page(context, '/health/live')).toEqual({ code: 204, body: '' });
    expect((await page(context, '/streams/x')).code).toBe(404);
  }),
  securedRule(
    'secure.one-port',
    'whoever speaks HTTP/2 as well gets a page, as curl',
    async (context) => {
      const { expect, port, ca } = context;
      const socket = connectTls({ host: 'localhost', port, ca, ALPNProtocols: ['h2', 'http/1.1'] });
      await once(socket, 'secureConnect');
      expect(socket.alpnProtocol).toBe('http/1.1');
      socket.write('GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n');
      expect(await text(socket)).toContain('{"msg":"Ping!"}');
    },
  ),
  securedRule(
    'secure.certificate',
    'a client that does not know the certificate',
    async (context) => {
      const { expect, connect, url } = context;
      const client = connect(url.replace(/&tlsCAFile=.*/, ''));
      const refused = await failure(read(client.readStream(newStream())));
      expect(refused).toMatchObject({ type: 'unavailable' });
    },
  ),
  securedRule('secure.certificate', 'a host that it is not for', async (context) => {
    // As if the node had been found under that name.
    const name = { 'grpc.ssl_target_name_override': 'events.example.org' };
    const error = await readWith(context, basic('zoe:guess'), newStream(), name);
    context.expect(error?.code).toBe(status.UNAVAILABLE);
    context.expect(error?.details).toContain('events.example.org');
  }),
  securedRule('secure.no-plain', 'a client without TLS', async (context) => {
    const { expect, connect, port } = context;
    const client = connect(`esdb://127.0.0.1:${port}?tls=false`);
    expect(await failure(read(client.readStream(newStream())))).toMatchObject({
      type: 'unavailable',
    });
    const socket = connectTcp(port, '127.0.0.1');
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.write('GET /ping HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'close');
    expect(answer).not.toContain('Ping');
  }),
  securedRule('secure.discover', 'a client finds the node by gossip', async (context) => {
    const { expect, connect, url, passwordOf } = context;
    const own = urlFor(url, 'zoe', passwordOf('zoe'));
    const client = connect(own.replace('esdb:', 'esdb+discover:'));
    const stream = newStream();
    await client.appendToStream(stream, happened(7));
    expect(numbers(await read(client.readStream(stream)))).toEqual([7]);
  }),
  securedRule('secure.anonymous', 'features and gossip without credentials', async (context) => {
    const { expect, port } = context;
    const address = `localhost:${port}`;
    const asked = new features.ServerFeaturesClient(address, channel(context));
    const told = new gossip.GossipClient(address, channel(context));
    try {
      const version = await new Promise((resolve, reject) => {
        asked.getSupportedMethods(empty(), (error, answer) =>
          error ? reject(error) : resolve(answer.getEventStoreServerVersion()),
        );
      });
      expect(version).toMatch(/^\d+\.\d+\.\d+/);
      const members = await new Promise((resolve, reject) => {
        told.read(empty(), (error, answer) =>
          error ? reject(error) : resolve(answer.toObject().membersList),
        );
      });
      expect(members).toMatchObject([{ httpEndPoint: { address: 'localhost', port } }]);
    } finally {
      asked.close();
      told.close();
    }
  }),
  securedRule(
    ['secure.anonymous', 'secure.denied'],
    'streams without credentials',
    async (context) => {
      const { expect, as } = context;
      const stream = newStream();
      await as('zoe').appendToStream(stream, happened());
      const nobody = as();
      const denied = { type: 'access-denied' };
      expect(await failure(nobody.appendToStream(stream, happened()))).toMatchObject(denied);
      expect(await failure(read(nobody.readStream(stream)))).toMatchObject(denied);
      expect(await failure(read(nobody.readAll({ maxCount: 1 })))).toMatchObject(denied);
      expect(await failure(nobody.deleteStream(stream))).toMatchObject(denied);
      expect(await failure(nobody.tombstoneStream(stream))).toMatchObject(denied);
      const followed = context.follow(nobody.subscribeToStream(stream));
      await expect(followed.until(() => false)).rejects.toMatchObject(denied);
      expect(followed.events).toEqual([]);
      expect(await read(as('zoe').readStream(stream))).toHaveLength(1);
    },
  ),
  ...names.map((name) =>
    securedRule('secure.credentials', `${name} signs in`, async ({ expect, as, passwordOf }) => {
      const stream = newStream();
      await as(name).appendToStream(stream, happened(1));
      const own = { credentials: { username: name, password: passwordOf(name) } };
      await as().appendToStream(stream, happened(2), own);
      expect(numbers(await read(as().readStream(stream, own)))).toEqual([1, 2]);
    }),
  ),
  ...badHeaders.map(([what, header]) =>
    securedRule('secure.bad-credentials', what, async (context) => {
      const error = await readWith(context, header(context), newStream());
      context.expect(error?.code).toBe(status.UNAUTHENTICATED);
      context.expect(error?.metadata.get('exception')).toEqual([]);
    }),
  ),
  securedRule(
    'secure.bad-credentials',
    'the client calls every call of it denied',
    async (context) => {
      const { expect, connect, url } = context;
      const client = connect(urlFor(url, 'zoe', 'guess'));
      const stream = newStream();
      const denied = { type: 'access-denied' };
      const own = { credentials: { username: 'zoe', password: 'guess' } };
      expect(await failure(read(client.readStream(stream)))).toMatchObject(denied);
      expect(await failure(client.appendToStream(stream, happened(), own))).toMatchObject(denied);
      expect(await failure(client.deleteStream(stream))).toMatchObject(denied);
      expect(await failure(client.appendToStream(stream, happened()))).toMatchObject(denied);
      expect(await failure(read(context.as('zoe').readStream(stream)))).toMatchObject({
        type: 'stream-not-found',
      });
    },
  ),
  securedRule('secure.denied', 'its status and trailer', async (context) => {
    const { expect, passwordOf } = context;
    const error = await readWith(context, basic(`zoe:${passwordOf('zoe')}`), '$secret');
    expect(error?.code).toBe(status.PERMISSION_DENIED);
    expect(error?.metadata.get('exception')).toEqual(['access-denied']);
  }),
];
