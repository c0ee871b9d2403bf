import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type messages from '@eventstore/db-client/generated/streams_pb.js';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { batchFrame, classicHeader, idOf, kindOf } from '../frames.ts';
import { failure, happened, link, newStream, numbers, read, several } from '../kit.ts';
import {
  DENIED,
  listed,
  type Name,
  type SecuredContext,
  securedRule,
  withSettings,
} from '../secured.ts';

const asUser = ({ port, ca, passwordOf }: SecuredContext, name: Name) => {
  const client = new streams.StreamsClient(
    `localhost:${port}`,
    credentials.createSsl(Buffer.from(ca)),
  );
  const header = Buffer.from(`${name}:${passwordOf(name)}`).toString('base64');
  const metadata = new Metadata();
  metadata.set('authorization', `Basic ${header}`);
  return { client, metadata };
};

export const accessLive = [
  securedRule('access.batch', 'the others of a batch are written', async (context) => {
    const { expect, as } = context;
    const [open, closed] = [newStream(), await listed(context, { writeRoles: ['ops'] })];
    const answers = await Promise.allSettled([
      as('zoe').appendToStream(open, happened(1)),
      as('zoe').appendToStream(closed, happened(2)),
      as('zoe').appendToStream(open, happened(3)),
    ]);
    expect(answers.map(({ status: outcome }) => outcome)).toEqual([
      ...['fulfilled', 'rejected', 'fulfilled'],
    ]);
    expect(answers[1]).toMatchObject({ reason: DENIED });
    expect(numbers(await read(as('admin').readStream(open)))).toEqual([1, 3]);
    expect(await read(as('admin').readStream(closed))).toHaveLength(1);
  }),
  securedRule(
    'access.batch',
    'appends keep their order, although some ask for a list',
    async (context) => {
      const { expect, as } = context;
      const known = await listed(context, { writeRoles: ['zoe'] });
      await as('zoe').appendToStream(known, happened());
      // A list that has to be looked up, and behind it one that is known.
      const sent = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? newStream() : known));
      const answers = await Promise.all(
        sent.map((stream, n) => as('zoe').appendToStream(stream, happened(n))),
      );
      const positions = answers.map(({ position }) => position?.commit ?? 0n);
      expect(positions).toEqual(positions.toSorted((a, b) => Number(a - b)));
    },
  ),
  securedRule('access.header', 'in a batch', async (context) => {
    const { expect } = context;
    const stream = await listed(context, { writeRoles: ['ops'] });
    const { client, metadata } = asUser(context, 'zoe');
    const id = randomUUID();
    const call = client.batchAppend(metadata);
    call.write(batchFrame({ id, stream, events: [], final: false }));
    const [answer] = (await once(call, 'data')) as [messages.BatchAppendResp];
    expect(idOf(answer)).toBe(id);
    expect(kindOf(answer)).toBe('AccessDenied');
    expect(answer.getError()?.getCode()).toBe(status.PERMISSION_DENIED);
    call.end();
    await once(call, 'end');
    client.close();
  }),
  securedRule('access.header', 'in a classic append', async (context) => {
    const { expect } = context;
    const stream = await listed(context, { writeRoles: ['ops'] });
    const { client, metadata } = asUser(context, 'zoe');
    const refused = await new Promise<unknown>((resolve) => {
      const call = client.append(metadata, (error) => resolve(error));
      call.on('error', () => undefined);
      call.write(classicHeader(stream));
    });
    expect(refused).toMatchObject({ code: status.PERMISSION_DENIED });
    client.close();
  }),
  securedRule('access.at-once', 'a list that changes back and forth', async (context) => {
    const { expect, as } = context;
    const stream = newStream();
    await as('admin').appendToStream(stream, happened());
    for (let round = 0; round < 5; round += 1) {
      await as('admin').setStreamMetadata(stream, {
        acl: { readRoles: ['ops'], writeRoles: ['ops'] },
      });
      expect(await failure(read(as('zoe').readStream(stream)))).toMatchObject(DENIED);
      expect(await failure(as('zoe').appendToStream(stream, happened()))).toMatchObject(DENIED);
      await as('admin').setStreamMetadata(stream, {
        acl: { readRoles: ['zoe'], writeRoles: ['zoe'] },
      });
      await as('zoe').appendToStream(stream, happened());
      expect(await failure(read(as('ops').readStream(stream)))).toMatchObject(DENIED);
    }
    expect(await read(as('zoe').readStream(stream))).toHaveLength(6);
  }),
  securedRule('access.at-once', 'a deleted stream has lost its list', async (context) => {
    const { expect, as } = context;
    const stream = await listed(context, { readRoles: ['ops'] });
    expect(await failure(read(as('zoe').readStream(stream)))).toMatchObject(DENIED);
    await as('admin').deleteStream(stream);
    expect(await failure(read(as('zoe').readStream(stream)))).toMatchObject({
      type: 'stream-not-found',
    });
  }),
  securedRule('access.dropped', 'of a stream, and nobody else', async (context) => {
    const { expect, as, follow } = context;
    const stream = newStream();
    await as('zoe').appendToStream(stream, several(3));
    const [zoe, ops] = [as('zoe'), as('ops')].map((one) => follow(one.subscribeToStream(stream)));
    await zoe?.until((one) => one.caughtUp() === 1);
    await ops?.until((one) => one.caughtUp() === 1);
    await as('admin').setStreamMetadata(stream, { acl: { readRoles: ['ops'] } });
    await expect(zoe?.until(() => false)).rejects.toMatchObject(DENIED);
    await as('admin').appendToStream(stream, happened(3));
    await ops?.until(({ events }) => events.length === 4);
    expect(zoe?.events).toHaveLength(3);
  }),
  securedRule('access.dropped', 'of a stream without a list, by the defaults', async (context) => {
    const { expect, as, follow } = context;
    const stream = newStream();
    await as('zoe').appendToStream(stream, happened());
    const zoe = follow(as('zoe').subscribeToStream(stream));
    await zoe.until((one) => one.caughtUp() === 1);
    await withSettings(context, { $userStreamAcl: { $r: 'ops' } }, async () => {
      await expect(zoe.until(() => false)).rejects.toMatchObject(DENIED);
    });
  }),
  securedRule('access.dropped', 'of metadata', async (context) => {
    const { expect, as, follow } = context;
    const stream = await listed(context, { metaReadRoles: ['zoe'] });
    const zoe = follow(as('zoe').subscribeToStream(`$$${stream}`));
    await zoe.until((one) => one.caughtUp() === 1);
    await as('admin').setStreamMetadata(stream, { acl: { metaReadRoles: ['ops'] } });
    await expect(zoe.until(() => false)).rejects.toMatchObject(DENIED);
    expect(zoe.events).toHaveLength(1);
  }),
  securedRule('access.dropped', 'not when another right changes', async (context) => {
    const { as, follow } = context;
    const stream = newStream();
    await as('zoe').appendToStream(stream, happened());
    const zoe = follow(as('zoe').subscribeToStream(stream));
    await zoe.until((one) => one.caughtUp() === 1);
    await as('admin').setStreamMetadata(stream, { acl: { writeRoles: ['ops'] } });
    await as('ops').appendToStream(stream, happened());
    await zoe.until(({ events }) => events.length === 2);
  }),
  securedRule('access.links', 'the list of the target is not asked', async (context) => {
    const { expect, as } = context;
    const closed = await listed(context, { readRoles: ['ops'] });
    const index = newStream();
    await as('admin').appendToStream(index, link(`0@${closed}`));
    expect(await failure(read(as('zoe').readStream(closed)))).toMatchObject(DENIED);
    const [found] = await read(as('zoe').readStream(index, { resolveLinkTos: true }));
    expect(found?.event).toMatchObject({ streamId: closed, revision: 0n });
    expect(found?.link).toMatchObject({ streamId: index });
  }),
];
