// Frames by hand: what the client never sends or never shows, see ../frames.ts.

import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { type Case, rule, ruleGiven } from '../case.ts';
import { filterOf, nameOf, type ReadWishes, readFrames, readRequest } from '../frames.ts';
import { happened, here, newStream, positionOf, several } from '../kit.ts';
import type { RuleId } from '../rules.ts';

const eventsOf = (got: readonly streams.ReadResp[]) =>
  got.flatMap((message) => message.getEvent()?.getEvent() ?? []);

const senseless: readonly (readonly [RuleId, string, () => streams.ReadReq])[] = [
  ['read.uuid', 'no word on the form of ids', () => readRequest({ uuids: 'none' })],
  ['read.request', 'no options', () => readRequest({}).clearOptions() as never],
  [
    'read.request',
    'neither a stream nor $all',
    () => {
      const request = readRequest({});
      request.getOptions()?.clearAll();
      return request;
    },
  ],
  ['read.request', 'no stream name', () => readRequest({ stream: '' })],
  [
    'read.request',
    'neither a count nor a subscription',
    () => {
      const request = readRequest({});
      request.getOptions()?.clearCount();
      return request;
    },
  ],
  [
    'read.request',
    'a subscription backwards',
    () => readRequest({ subscribe: true, backwards: true }),
  ],
  [
    'filter.invalid',
    'an expression that is none',
    () => readRequest({ subscribe: true, filter: filterOf('stream', { regex: '(' }) }),
  ],
  [
    'filter.invalid',
    'a search window of zero',
    () =>
      readRequest({ subscribe: true, filter: filterOf('type', { prefixes: ['a'], window: 0 }) }),
  ],
  [
    'filter.invalid',
    'a filter for one stream',
    () => readRequest({ stream: newStream(), filter: filterOf('type', { prefixes: ['a'] }) }),
  ],
];

const typed = (own: string) =>
  ['a', 'b', 'a'].map((type, n) => ({ ...happened(n), type: `${own}:${type}` }));
const filtered: readonly (readonly [
  RuleId,
  string,
  Partial<ReadWishes>,
  (own: string) => Parameters<typeof filterOf>,
  readonly string[],
])[] = [
  [
    'all.filter',
    'by a prefix of types',
    {},
    (own) => ['type', { prefixes: [`${own}:a`] }],
    ['0', '2'],
  ],
  [
    'all.filter',
    'by an expression on types',
    {},
    (own) => ['type', { regex: `${own}:[b]$` }],
    ['1'],
  ],
  [
    'all.filter',
    'by a prefix of streams',
    {},
    (own) => ['stream', { prefixes: [own] }],
    ['0', '1', '2'],
  ],
  [
    'all.filter',
    'one of them alone',
    { count: 1 },
    (own) => ['type', { prefixes: [`${own}:a`] }],
    ['0'],
  ],
  [
    'filter.regex-wins',
    'by both, of which the expression counts',
    {},
    (own) => ['type', { regex: `${own}:b`, prefixes: [`${own}:a`] }],
    ['1'],
  ],
];

export const framesReads: Case[] = [
  ...senseless.map(([id, what, request]) =>
    rule(id, `${what}: an invalid argument`, async ({ url, expect, ours }) => {
      const { got, error } = await readFrames(url, request());
      expect(got).toEqual([]);
      // A real server calls some of these UNKNOWN.
      if (ours) expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
      else expect(error?.code).toBeGreaterThan(0);
    }),
  ),
  ruleGiven(
    'read.uuid',
    'ids come as two numbers to who asks for them',
    async ({ client }) => {
      const stream = newStream();
      const event = happened();
      await client.appendToStream(stream, event);
      return { stream, event };
    },
    async ({ url, expect }, { stream, event }) => {
      const { got } = await readFrames(url, readRequest({ stream, uuids: 'numbers' }));
      const id = eventsOf(got)[0]?.getId()?.getStructured();
      const half = (bits: string | undefined) =>
        BigInt.asUintN(64, BigInt(bits ?? '0'))
          .toString(16)
          .padStart(16, '0');
      expect(half(id?.getMostSignificantBits()) + half(id?.getLeastSignificantBits())).toBe(
        event.id.replaceAll('-', ''),
      );
    },
  ),
  ruleGiven(
    ['read.recorded', 'append.created'],
    'properties: type, content type, and the time in ticks',
    async ({ client }) => {
      const stream = newStream();
      const answer = await client.appendToStream(stream, happened());
      return { stream, at: positionOf(answer).commit, now: Date.now() };
    },
    async ({ url, expect }, { stream, at, now }) => {
      const { got } = await readFrames(url, readRequest({ stream }));
      const [event] = eventsOf(got);
      const properties = new Map(event?.getMetadataMap().entries() as Iterable<[string, string]>);
      expect(properties.get('type')).toBe('happened');
      expect(properties.get('content-type')).toBe('application/json');
      const created = BigInt(properties.get('created') ?? '0');
      expect(Math.abs(Number(created / 10_000n) - now)).toBeLessThan(60_000);
      expect([event?.getCommitPosition(), event?.getPreparePosition()]).toEqual([`${at}`, `${at}`]);
    },
  ),
  rule(
    'read.missing',
    'not found is a message, and the call ends well',
    async ({ url, expect }) => {
      const stream = newStream('größe');
      const { got, error } = await readFrames(url, readRequest({ stream }));
      expect(error).toBeUndefined();
      expect(
        got.map((message) => nameOf(message.getStreamNotFound()?.getStreamIdentifier())),
      ).toEqual([stream]);
    },
  ),
  ...(['stream', 'all'] as const).map((what) =>
    rule(
      ['follow.confirmation', 'follow.no-checkpoint'],
      `${what}: a confirmation first; without a filter no checkpoints`,
      async ({ client, url, expect }) => {
        const stream = newStream();
        const answer = await client.appendToStream(stream, several(100));
        await client.appendToStream(stream, happened());
        const from = positionOf(answer).commit;
        const wishes = what === 'stream' ? { stream } : { from };
        const caughtUp = (got: readonly streams.ReadResp[]) => got.at(-1)?.hasCaughtUp() ?? false;
        const request = readRequest({ subscribe: true, ...wishes });
        const { got } = await readFrames(url, request, caughtUp);
        expect(got[0]?.getConfirmation()?.getSubscriptionId()).not.toBe('');
        expect(got.slice(1).filter((message) => message.hasConfirmation())).toEqual([]);
        expect(got.filter((message) => message.hasCheckpoint())).toEqual([]);
        expect(eventsOf(got).length).toBeGreaterThan(0);
      },
    ),
  ),
  ...filtered.map(([id, what, wishes, filter, expected]) =>
    ruleGiven(
      id,
      `a read of $all ${what}`,
      async ({ client }) => {
        const own = newStream('filtered');
        const from = (await here(client)).commit;
        for (const event of typed(own)) await client.appendToStream(own, event);
        await client.appendToStream(newStream(), several(50));
        return { own, from };
      },
      async ({ url, expect }, { own, from }) => {
        const { got } = await readFrames(
          url,
          readRequest({ from, ...wishes, filter: filterOf(...filter(own)) }),
        );
        expect(eventsOf(got).map((event) => event.getStreamRevision())).toEqual(expected);
      },
    ),
  ),
];
