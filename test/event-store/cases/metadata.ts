import { END, jsonEvent } from '@eventstore/db-client';
import { rule, ruleGiven } from '../case.ts';
import { failure, happened, newStream, read, revisions, several } from '../kit.ts';

const everything = {
  maxCount: 5,
  maxAge: 100,
  truncateBefore: 1,
  cacheControl: 60,
  acl: { readRoles: ['a', 'b'], writeRoles: ['c'], deleteRoles: [], metaReadRoles: ['d'] },
  mine: 'x',
  deep: { er: [1, { still: null }] },
};

export const metadata = [
  rule('metadata.last', 'a stream without metadata has none', async ({ client, expect }) => {
    const stream = newStream();
    expect(await client.getStreamMetadata(stream)).toEqual({ streamName: stream });
    await client.appendToStream(stream, happened());
    expect(await client.getStreamMetadata(stream)).toEqual({ streamName: stream });
  }),
  ruleGiven(
    ['metadata.last', 'metadata.keys'],
    'what was last set comes back, every key of it',
    async ({ client }) => {
      const stream = newStream();
      await client.setStreamMetadata(stream, { maxCount: 3, gone: true });
      await client.setStreamMetadata(stream, everything);
      return stream;
    },
    async ({ client, expect }, stream) => {
      expect((await client.getStreamMetadata(stream)).metadata).toEqual(everything);
    },
  ),
  ruleGiven(
    'metadata.expected',
    'setting it checks the revision of the metadata',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(5));
      await client.setStreamMetadata(stream, { n: 0 }, { expectedRevision: 'no_stream' });
      await client.setStreamMetadata(stream, { n: 1 }, { expectedRevision: 0n });
      return stream;
    },
    async ({ client, expect }, stream) => {
      for (const expectedRevision of ['no_stream', 0n, 4n] as const) {
        const setting = client.setStreamMetadata(stream, { n: 2 }, { expectedRevision });
        expect(await failure(setting)).toMatchObject({
          type: 'wrong-expected-version',
          actualVersion: 1n,
        });
      }
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({ n: 1 });
    },
  ),
  ruleGiven(
    'metadata.stream',
    'it is an event in the stream $$ + name, of which the last is shown',
    async ({ client }) => {
      const stream = newStream();
      await client.setStreamMetadata(stream, { n: 0 });
      await client.setStreamMetadata(stream, { n: 1 });
      return stream;
    },
    async ({ client, expect }, stream) => {
      const found = await read(client.readStream(`$$${stream}`));
      expect(found.map((one) => one.event)).toMatchObject([
        { streamId: `$$${stream}`, type: '$metadata', revision: 1n, data: { n: 1 } },
      ]);
      const newest = { direction: 'backwards', fromRevision: END } as const;
      expect(revisions(await read(client.readStream(`$$${stream}`, newest)))).toEqual([1n]);
    },
  ),
  ruleGiven(
    'metadata.stream',
    'an event of one\u2019s own in that stream is metadata as well',
    async ({ client }) => {
      const stream = newStream();
      await client.appendToStream(stream, several(3));
      const event = jsonEvent({ type: '$metadata', data: { $maxCount: 1, mine: 'y' } });
      await client.appendToStream(`$$${stream}`, event);
      return stream;
    },
    async ({ client, expect }, stream) => {
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({ maxCount: 1, mine: 'y' });
      expect(revisions(await read(client.readStream(stream)))).toEqual([2n]);
    },
  ),
  ruleGiven(
    'metadata.before',
    'it may be set before the stream begins, and holds from then on',
    async ({ client }) => {
      const stream = newStream();
      await client.setStreamMetadata(stream, { maxCount: 2 });
      await client.appendToStream(stream, several(5));
      return stream;
    },
    async ({ client, expect }, stream) => {
      expect(revisions(await read(client.readStream(stream)))).toEqual([3n, 4n]);
    },
  ),
];
