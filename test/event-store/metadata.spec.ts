import { END, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  follow,
  happened,
  newStream,
  openTarget,
  read,
  revisions,
  several,
  type Target,
} from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

test('metadata is what was last set', async () => {
  const { client } = target;
  const stream = newStream();
  expect(await client.getStreamMetadata(stream)).toMatchObject({ streamName: stream });
  await client.setStreamMetadata(stream, { maxCount: 3 });
  const metadata = {
    maxCount: 5,
    maxAge: 100,
    truncateBefore: 1,
    acl: { readRoles: ['a'] },
    mine: 'x',
  };
  await client.setStreamMetadata(stream, metadata, { expectedRevision: 0n });
  expect((await client.getStreamMetadata(stream)).metadata).toEqual(metadata);
  await expect(
    client.setStreamMetadata(stream, {}, { expectedRevision: 0n }),
  ).rejects.toMatchObject({ type: 'wrong-expected-version' });
});

test('maxCount shows the newest, truncateBefore hides the oldest', async () => {
  const { client } = target;
  const stream = newStream();
  await client.appendToStream(stream, several(10));
  await client.setStreamMetadata(stream, { maxCount: 4 });
  expect(revisions(await read(client.readStream(stream)))).toEqual([6n, 7n, 8n, 9n]);
  expect(
    revisions(await read(client.readStream(stream, { direction: 'backwards', fromRevision: END }))),
  ).toEqual([9n, 8n, 7n, 6n]);
  await client.appendToStream(stream, happened(), { expectedRevision: 9n });
  expect(revisions(await read(client.readStream(stream)))).toEqual([7n, 8n, 9n, 10n]);

  await client.setStreamMetadata(stream, { truncateBefore: 9 });
  expect(revisions(await read(client.readStream(stream)))).toEqual([9n, 10n]);
  const following = follow(client.subscribeToStream(stream));
  await following.until((one) => one.caughtUp() === 1);
  expect(revisions(following.events)).toEqual([9n, 10n]);

  await client.setStreamMetadata(stream, {});
  expect(await read(client.readStream(stream))).toHaveLength(11);
});

test('a stream truncated to its end is empty, not missing', async () => {
  const { client } = target;
  const stream = newStream();
  await client.appendToStream(stream, several(3));
  await client.setStreamMetadata(stream, { truncateBefore: 3 });
  expect(await read(client.readStream(stream))).toEqual([]);
  const answer = await client.appendToStream(stream, happened(), { expectedRevision: 2n });
  expect(answer.nextExpectedRevision).toBe(3n);
  expect(revisions(await read(client.readStream(stream)))).toEqual([3n]);
});

test('maxAge hides what has become too old', async () => {
  const { client } = target;
  const stream = newStream();
  await client.appendToStream(stream, happened(0));
  await client.setStreamMetadata(stream, { maxAge: 1 });
  expect(await read(client.readStream(stream))).toHaveLength(1);
  await expect
    .poll(() => read(client.readStream(stream)), { interval: 50, timeout: 5_000 })
    .toEqual([]);
  await client.appendToStream(stream, happened(1), { expectedRevision: 0n });
  expect(revisions(await read(client.readStream(stream)))).toEqual([1n]);
});

test('malformed metadata limits nothing', async () => {
  const { client } = target;
  const stream = newStream();
  await client.appendToStream(stream, several(3));
  await client.appendToStream(
    `$$${stream}`,
    jsonEvent({ type: '$metadata', data: { $maxCount: 'two', $tb: -1 } }),
  );
  expect(await read(client.readStream(stream))).toHaveLength(3);
});

test('a link resolves to its target as long as the target can be read', async () => {
  const { client } = target;
  const [source, links] = [newStream(), newStream()];
  await client.appendToStream(source, several(2));
  await client.appendToStream(links, [
    {
      ...happened(),
      type: '$>',
      contentType: 'application/octet-stream',
      data: Buffer.from(`0@${source}`),
    },
    {
      ...happened(),
      type: '$>',
      contentType: 'application/octet-stream',
      data: Buffer.from(`1@${source}`),
    },
    {
      ...happened(),
      type: '$>',
      contentType: 'application/octet-stream',
      data: Buffer.from('no link'),
    },
    happened(9),
  ]);
  await client.setStreamMetadata(source, { truncateBefore: 1 });

  const plain = await read(client.readStream(links));
  expect(plain.map((one) => [one.event?.streamId, one.link])).toEqual(
    [0, 1, 2, 3].map(() => [links, undefined]),
  );
  const resolved = await read(client.readStream(links, { resolveLinkTos: true }));
  expect(
    resolved.map((one) => [one.event?.streamId, one.event?.revision, one.link?.revision]),
  ).toEqual([
    [undefined, undefined, 0n],
    [source, 1n, 1n],
    [links, 2n, undefined],
    [links, 3n, undefined],
  ]);
  expect(resolved.map((one) => one.commitPosition)).toEqual(plain.map((one) => one.commitPosition));

  const following = follow(client.subscribeToStream(links, { resolveLinkTos: true }));
  await following.until((one) => one.events.length === 4);
  expect(following.events.map((one) => one.event?.streamId)).toEqual([
    undefined,
    source,
    links,
    links,
  ]);
});
