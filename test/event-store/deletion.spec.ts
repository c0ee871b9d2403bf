import { END } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  failure,
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

test('a deleted stream is not found, and begins again where it ended', async () => {
  const { client } = target;
  const stream = newStream();
  await client.appendToStream(stream, several(3));
  const { position } = await client.deleteStream(stream, { expectedRevision: 2n });
  expect(position?.commit).toBeTypeOf('bigint');
  expect(await failure(read(client.readStream(stream)))).toMatchObject({
    type: 'stream-not-found',
  });
  expect(
    await failure(client.appendToStream(stream, happened(), { expectedRevision: 'stream_exists' })),
  ).toMatchObject({ type: 'stream-deleted', streamName: stream });

  const again = await client.appendToStream(stream, several(2, 3), {
    expectedRevision: 'no_stream',
  });
  expect(again.nextExpectedRevision).toBe(4n);
  expect(revisions(await read(client.readStream(stream)))).toEqual([3n, 4n]);
  const [last] = await read(
    client.readStream(stream, { direction: 'backwards', fromRevision: END, maxCount: 1 }),
  );
  expect(again.position).toEqual(last?.event?.position);
});

test('a deleted stream can be deleted again; its events stay in $all', async () => {
  const { client } = target;
  const stream = newStream();
  const first = await client.appendToStream(stream, happened(1));
  await client.deleteStream(stream);
  await client.deleteStream(stream);
  const [event] = await read(
    client.readAll({ maxCount: 1, ...(first.position && { fromPosition: first.position }) }),
  );
  expect(event?.event?.streamId).toBe(stream);
});

test('deleting what is not there, or at another revision, is a wrong version', async () => {
  const { client } = target;
  const stream = newStream();
  expect(await failure(client.deleteStream(stream))).toMatchObject({
    type: 'wrong-expected-version',
    streamName: stream,
  });
  await client.appendToStream(stream, several(2));
  expect(await failure(client.deleteStream(stream, { expectedRevision: 0n }))).toMatchObject({
    type: 'wrong-expected-version',
    expectedVersion: 0n,
    actualVersion: 1n,
  });
  expect(await failure(client.tombstoneStream(stream, { expectedRevision: 5n }))).toMatchObject({
    type: 'wrong-expected-version',
    expectedVersion: 5n,
    actualVersion: 1n,
  });
});

test('a tombstoned stream is gone for good, with its metadata', async () => {
  const { client } = target;
  const stream = newStream();
  await client.appendToStream(stream, several(2));
  await client.tombstoneStream(stream, { expectedRevision: 1n });
  const gone = { type: 'stream-deleted' };
  expect(await failure(read(client.readStream(stream)))).toMatchObject({
    ...gone,
    streamName: stream,
  });
  expect(await failure(client.appendToStream(stream, happened()))).toMatchObject(gone);
  expect(await failure(client.deleteStream(stream))).toMatchObject(gone);
  expect(await failure(client.tombstoneStream(stream))).toMatchObject(gone);
  expect(await failure(client.setStreamMetadata(stream, { maxCount: 1 }))).toMatchObject(gone);
  expect(await failure(client.getStreamMetadata(stream))).toMatchObject(gone);
});

test('a stream can be tombstoned before it begins', async () => {
  const stream = newStream();
  await target.client.tombstoneStream(stream, { expectedRevision: 'no_stream' });
  expect(await failure(target.client.appendToStream(stream, happened()))).toMatchObject({
    type: 'stream-deleted',
  });
});
