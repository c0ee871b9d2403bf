import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { persistentSubscriptionToAllSettingsFromDefaults } from '@eventstore/db-client';
import { rule } from '../case.ts';
import { CLASSIC, failure, happened, newStream, range, read, revisions } from '../kit.ts';

const hostOf = (url: string): string => new URL(url.replace('esdb:', 'http:')).host;

const ways: readonly (readonly [string, (url: string) => string])[] = [
  ['by gossip', (url) => url.replace('esdb://', 'esdb+discover://')],
  [
    'by gossip, although it would rather have a follower',
    (url) => `${url.replace('esdb://', 'esdb+discover://')}&nodePreference=follower`,
  ],
  [
    'by gossip, whichever node',
    (url) => `${url.replace('esdb://', 'esdb+discover://')}&nodePreference=random`,
  ],
  [
    'in a list with a host that does not answer',
    (url) => url.replace('esdb://', 'esdb://127.0.0.1:1,'),
  ],
];

export const connection = [
  rule('connect.direct', 'a client that names one host works', async (context) => {
    const { expect, url } = context;
    const client = context.connect(url);
    const stream = newStream();
    await client.appendToStream(stream, happened(), CLASSIC);
    expect(revisions(await read(client.readStream(stream)))).toEqual([0n]);
  }),
  ...ways.map(([how, change]) =>
    rule('connect.discover', `a client finds the node ${how}`, async (context) => {
      const { expect, url } = context;
      const client = context.connect(change(url));
      const stream = newStream();
      await client.appendToStream(stream, happened(), CLASSIC);
      expect(revisions(await read(client.readStream(stream)))).toEqual([0n]);
    }),
  ),
  rule(
    'connect.credentials',
    'credentials do no harm on an insecure port',
    async ({ client, expect }) => {
      const stream = newStream();
      const wrong = { credentials: { username: 'nobody', password: 'guess' } };
      await client.appendToStream(stream, happened(), wrong);
      expect(await read(client.readStream(stream, wrong))).toHaveLength(1);
      await client.deleteStream(stream, wrong);
      expect(await failure(read(client.readStream(stream, wrong)))).toMatchObject({
        type: 'stream-not-found',
      });
    },
  ),
  rule(
    'connect.headers',
    'whoever requires a leader has one, and may name the connection',
    async ({ connect, expect, url }) => {
      const client = connect(`${url}&connectionName=the-contract`);
      const stream = newStream();
      await client.appendToStream(stream, happened(), { requiresLeader: true, ...CLASSIC });
      const reading = client.readStream(stream, { requiresLeader: true });
      expect(revisions(await read(reading))).toEqual(range(0, 0));
    },
  ),
  rule('connect.keepalive', 'HTTP/2 pings are answered', async ({ expect, url }) => {
    const session = connectHttp2(`http://${hostOf(url)}`);
    await once(session, 'connect');
    const payload = Buffer.from('pawprint');
    for (let time = 0; time < 3; time++) {
      const echoed = await new Promise<Buffer>((resolve, reject) => {
        session.ping(payload, (error, _ms, answer) => (error ? reject(error) : resolve(answer)));
      });
      expect(echoed.equals(payload)).toBe(true);
    }
    session.close();
  }),
  rule(
    'connect.unimplemented',
    'what is not advertised the client calls unsupported, by itself',
    async ({ client, expect }) => {
      const settings = persistentSubscriptionToAllSettingsFromDefaults();
      const creating = client.createPersistentSubscriptionToAll('group', settings);
      expect(await failure(creating)).toMatchObject({ type: 'unsupported' });
      const projecting = client.createProjection('p', 'fromAll()');
      await expect(projecting).rejects.toBeInstanceOf(Error);
    },
    { oursOnly: true },
  ),
  rule('connect.http', 'GET /ping on the same port', async ({ expect, url }) => {
    const answer = await fetch(`http://${hostOf(url)}/ping`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ msg: 'Ping!' });
  }),
  rule('connect.http', 'GET /health/live: no content', async ({ expect, url }) => {
    const answer = await fetch(`http://${hostOf(url)}/health/live`);
    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe('');
  }),
];
