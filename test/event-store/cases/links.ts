import { type EventStoreDBClient, streamNameFilter } from '@eventstore/db-client';
import { type Before, ruleGiven } from '../case.ts';
import {
  happened,
  here,
  link,
  newStream,
  ofStream,
  positionOf,
  type Read,
  read,
  several,
} from '../kit.ts';

/** A stream of three events and a stream of links to where `targets` say. */
const linked =
  (
    targets: (source: string) => readonly string[],
    then?: (client: EventStoreDBClient, source: string) => Promise<unknown>,
  ) =>
  async ({ client }: Before) => {
    const [source, links] = [newStream(), newStream()];
    const before = await here(client);
    await client.appendToStream(source, several(3));
    const answer = await client.appendToStream(links, targets(source).map(link));
    await then?.(client, source);
    return { source, links, before, last: positionOf(answer) };
  };

const shape = (events: readonly Read[]) =>
  events.map((one) => [one.event?.streamId, one.event?.revision, one.link?.revision]);

const dangling: readonly (readonly [
  string,
  (client: EventStoreDBClient, source: string) => Promise<unknown>,
])[] = [
  ['truncated', (client, source) => client.setStreamMetadata(source, { truncateBefore: 1 })],
  [
    'pushed out by $maxCount',
    (client, source) => client.setStreamMetadata(source, { maxCount: 2 }),
  ],
  ['in a deleted stream', (client, source) => client.deleteStream(source)],
  ['in a tombstoned stream', (client, source) => client.tombstoneStream(source)],
];

const noLinks = ['no link', '@', 'x@y', '7', '-1', '1.5@s', ''];

export const links = [
  ruleGiven(
    ['link.resolve', 'link.position', 'link.everywhere'],
    'a link comes with its target, at the place of the link',
    linked((source) => [`2@${source}`, `0@${source}`]),
    async ({ client, expect, follow }, { source, links, last }) => {
      const expected = [
        [source, 2n, 0n],
        [source, 0n, 1n],
      ];
      const resolved = await read(client.readStream(links, { resolveLinkTos: true }));
      expect(shape(resolved)).toEqual(expected);
      expect(resolved.at(-1)?.commitPosition).toBe(last.commit);
      const following = follow(client.subscribeToStream(links, { resolveLinkTos: true }));
      await following.until((one) => one.events.length >= 2);
      expect(shape(following.events)).toEqual(expected);
    },
  ),
  ruleGiven(
    'link.resolve',
    'backwards as well',
    linked((source) => [`2@${source}`, `0@${source}`]),
    async ({ client, expect }, { source, links }) => {
      const backwards = { direction: 'backwards', fromRevision: 'end' } as const;
      const resolved = client.readStream(links, { ...backwards, resolveLinkTos: true });
      expect(shape(await read(resolved))).toEqual([
        [source, 0n, 1n],
        [source, 2n, 0n],
      ]);
    },
  ),
  ruleGiven(
    'link.plain',
    'without the wish a link comes as it is',
    linked((source) => [`0@${source}`]),
    async ({ client, expect }, { source, links }) => {
      const [plain] = await read(client.readStream(links));
      expect(plain?.link).toBeUndefined();
      expect(plain?.event).toMatchObject({ streamId: links, type: '$>' });
      expect(Buffer.from(plain?.event?.data as Uint8Array).toString()).toBe(`0@${source}`);
    },
  ),
  ...dangling.map(([what, then]) =>
    ruleGiven(
      'link.dangling',
      `a link whose target is ${what} comes alone`,
      linked((source) => [`0@${source}`], then),
      async ({ client, expect, follow }, { links }) => {
        const alone = [[undefined, undefined, 0n]];
        const wish = { resolveLinkTos: true } as const;
        expect(shape(await read(client.readStream(links, wish)))).toEqual(alone);
        const following = follow(client.subscribeToStream(links, wish));
        await following.until((one) => one.events.length >= 1);
        expect(shape(following.events)).toEqual(alone);
      },
    ),
  ),
  ruleGiven(
    'link.dangling',
    'a link to a stream that never was, or beyond its end, comes alone',
    linked((source) => [`0@${newStream()}`, `3@${source}`]),
    async ({ client, expect }, { links }) => {
      expect(shape(await read(client.readStream(links, { resolveLinkTos: true })))).toEqual([
        [undefined, undefined, 0n],
        [undefined, undefined, 1n],
      ]);
    },
  ),
  ruleGiven(
    'link.no-link',
    'what cannot be read as a link comes as a plain event',
    linked(() => noLinks),
    async ({ client, expect }, { links }) => {
      expect(shape(await read(client.readStream(links, { resolveLinkTos: true })))).toEqual(
        noLinks.map((_, index) => [links, BigInt(index), undefined]),
      );
    },
  ),
  ruleGiven(
    'link.once',
    'a link to a link is followed once',
    async (before) => {
      const first = await linked((source) => [`0@${source}`])(before);
      const second = newStream();
      await before.client.appendToStream(second, link(`0@${first.links}`));
      return { first, second };
    },
    async ({ client, expect }, { first, second }) => {
      const [found] = await read(client.readStream(second, { resolveLinkTos: true }));
      expect(found?.event).toMatchObject({ streamId: first.links, type: '$>' });
      expect(found?.link).toMatchObject({ streamId: second });
    },
  ),
  ruleGiven(
    'link.resolve',
    'a stream name may contain @',
    async ({ client }) => {
      const [source, links] = [`${newStream()}@home`, newStream()];
      await client.appendToStream(source, several(1));
      await client.appendToStream(links, link(`0@${source}`));
      return { source, links };
    },
    async ({ client, expect }, { source, links }) => {
      const [found] = await read(client.readStream(links, { resolveLinkTos: true }));
      expect(found?.event?.streamId).toBe(source);
    },
  ),
  ruleGiven(
    ['link.everywhere', 'link.position'],
    'links resolve in reads and subscriptions of $all',
    linked((source) => [`1@${source}`]),
    async ({ client, expect, follow }, { source, links, before, last }) => {
      const wish = { fromPosition: last, resolveLinkTos: true } as const;
      const [found] = await read(client.readAll({ ...wish, maxCount: 1 }));
      expect(shape(found === undefined ? [] : [found])).toEqual([[source, 1n, 0n]]);
      expect(found?.commitPosition).toBe(last.commit);
      const following = follow(
        client.subscribeToAll({
          fromPosition: before,
          resolveLinkTos: true,
          filter: streamNameFilter({ prefixes: [links] }),
        }),
      );
      await following.until((one) => one.events.length >= 1);
      expect(shape(following.events)).toEqual([[source, 1n, 0n]]);
    },
  ),
  ruleGiven(
    'link.filter',
    'a filter that matches the target does not match the link',
    linked((source) => [`1@${source}`]),
    async ({ client, expect, follow }, { source, links, before }) => {
      const filter = streamNameFilter({ prefixes: [source] });
      const following = follow(
        client.subscribeToAll({ fromPosition: before, resolveLinkTos: true, filter }),
      );
      await client.appendToStream(source, happened(9));
      await following.until((one) => one.events.length >= 4);
      expect(ofStream(following.events, links)).toEqual([]);
      expect(shape(following.events)).toEqual([0n, 1n, 2n, 3n].map((n) => [source, n, undefined]));
    },
  ),
  ruleGiven(
    ['link.resolve', 'link.everywhere'],
    'a subscriber that is live gets links with their targets',
    linked((source) => [`1@${source}`]),
    async ({ client, expect, follow }, { source, links }) => {
      const wish = { fromRevision: 'end', resolveLinkTos: true } as const;
      const following = follow(client.subscribeToStream(links, wish));
      await following.until((one) => one.caughtUp() > 0);
      await client.appendToStream(links, [link(`2@${source}`), happened(5)]);
      await following.until((one) => one.events.length >= 2);
      expect(shape(following.events)).toEqual([
        [source, 2n, 1n],
        [links, 2n, undefined],
      ]);
    },
  ),
];
