/**
 * The standard projections, on a node where all of them are switched on. Each case has a category of
 * its own, and waits for links that a later event has caused before it says that there is none.
 */
import { randomUUID } from 'node:crypto';
import { type EventStoreDBClient, jsonEvent, streamNameFilter } from '@eventstore/db-client';
import { type Context, rule } from '../case.ts';
import { failure, happened, here, link, positionOf, type Read, read, several } from '../kit.ts';

const newCategory = (): string => `c${randomUUID().replaceAll('-', '')}`;
const RESOLVED = { resolveLinkTos: true } as const;

/** What a subscriber to a stream of links has got when there are as many. */
const linked = async (
  { client, follow }: Context,
  stream: string,
  count: number,
  options: { readonly resolveLinkTos: boolean } = RESOLVED,
): Promise<Read[]> => {
  const following = follow(client.subscribeToStream(stream, options));
  await following.until(({ events }) => events.length >= count);
  return following.events;
};

const targets = (events: readonly Read[]): string[] =>
  events.map(({ event }) => `${event?.revision}@${event?.streamId}`);
const textOf = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString();
const metadataOf = (read: Read | undefined): Record<string, unknown> => ({
  ...((read?.link ?? read?.event)?.metadata as object | undefined),
});

/** By type and correlation id, all of its own. */
const correlated = (type: string, $correlationId: string, n: number) =>
  jsonEvent({ type, data: { n }, metadata: { $correlationId } });

const missing = async (client: EventStoreDBClient, stream: string): Promise<unknown> =>
  (await failure(read(client.readStream(stream))))['type'];

export const projections = [
  rule(
    'projection.category',
    'the events of all streams of a category, in the order of the log',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      const [one, other] = [`${category}-1`, `${category}-2`];
      await client.appendToStream(one, several(2));
      await client.appendToStream(other, several(1));
      await client.appendToStream(one, happened(2));
      const expected = [`0@${one}`, `1@${one}`, `0@${other}`, `2@${one}`];
      expect(targets(await linked(context, `$ce-${category}`, 4))).toEqual(expected);
      const again = await read(client.readStream(`$ce-${category}`, RESOLVED));
      expect(targets(again)).toEqual(expected);
      expect(again.map(({ link }) => link?.revision)).toEqual([0n, 1n, 2n, 3n]);
    },
  ),
  rule('projection.category', 'it ends before the first dash', async (context) => {
    const { client, expect } = context;
    const category = newCategory();
    const stream = `${category}-in-parts`;
    await client.appendToStream(stream, happened());
    expect(targets(await linked(context, `$ce-${category}`, 1))).toEqual([`0@${stream}`]);
    expect(await missing(client, `$ce-${category}-in`)).toBe('stream-not-found');
  }),
  rule(
    'projection.category',
    'names without a dash, or that begin with one or with $, have none',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      const names = [category, `-${category}`, `$${category}-1`];
      for (const name of names) await client.appendToStream(name, happened());
      await client.appendToStream(`${category}-1`, happened());
      expect(targets(await linked(context, `$ce-${category}`, 1))).toEqual([`0@${category}-1`]);
      for (const stream of ['$ce-', `$ce-$${category}`]) {
        expect(await missing(client, stream)).toBe('stream-not-found');
      }
    },
  ),
  rule(
    ['projection.category-link', 'link.once'],
    'a link in a category points where it pointed, so that it resolves',
    async (context) => {
      const { client, expect } = context;
      const [source, list] = [newCategory(), newCategory()];
      await client.appendToStream(`${source}-1`, several(2));
      await client.appendToStream(`${list}-1`, link(`1@${source}-1`));
      const [found] = await linked(context, `$ce-${list}`, 1);
      expect(targets(found === undefined ? [] : [found])).toEqual([`1@${source}-1`]);
      expect(textOf(found?.link?.data)).toBe(`1@${source}-1`);
      expect(metadataOf(found)).toMatchObject({ $o: `${list}-1` });
    },
  ),
  rule(
    ['projection.type', 'projection.no-links-of-links'],
    'the events of a type, whatever their stream, and no links',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      const type = `type-${category}`;
      const [one, other] = [`${category}-1`, category];
      await client.appendToStream(one, jsonEvent({ type, data: {} }));
      await client.appendToStream(one, link(`0@${one}`));
      await client.appendToStream(other, [happened(), jsonEvent({ type, data: {} })]);
      expect(targets(await linked(context, `$et-${type}`, 2))).toEqual([`0@${one}`, `1@${other}`]);
      expect(await missing(client, '$et-$>')).toBe('stream-not-found');
    },
  ),
  rule('projection.streams', 'the first event of each stream, once', async (context) => {
    const { client, expect, follow } = context;
    const category = newCategory();
    const end = { fromRevision: 'end', ...RESOLVED } as const;
    const following = follow(client.subscribeToStream('$streams', end));
    await following.until((one) => one.caughtUp() > 0);
    await client.appendToStream(`${category}-1`, several(3));
    await client.appendToStream(category, several(2));
    await client.appendToStream(`${category}-1`, happened());
    await client.appendToStream(`${category}-2`, happened());
    const ours = () => targets(following.events).filter((target) => target.includes(category));
    const wanted = [`${category}-1`, category, `${category}-2`];
    await following.until(() => wanted.every((stream) => ours().includes(`0@${stream}`)));
    const own = new Set(wanted.map((stream) => `0@${stream}`));
    expect(ours().filter((target) => own.has(target))).toEqual([...own]);
  }),
  rule(
    'projection.metadata',
    'a link says what caused it, where, and in which stream',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      const event = happened();
      const position = positionOf(await client.appendToStream(`${category}-1`, event));
      const [found] = await linked(context, `$ce-${category}`, 1);
      const at = Number(position.commit);
      expect(metadataOf(found)).toMatchObject({
        $causedBy: event.id,
        $o: `${category}-1`,
        $c: at,
        $p: at,
      });
    },
  ),
  rule(
    ['projection.live', 'follow.live'],
    'whoever has caught up with a category gets what is new',
    async ({ client, expect, follow }) => {
      const category = newCategory();
      const following = follow(client.subscribeToStream(`$ce-${category}`, RESOLVED));
      await following.until((one) => one.caughtUp() > 0);
      for (let n = 0; n < 5; n++) await client.appendToStream(`${category}-${n}`, happened(n));
      await following.until(({ events }) => events.length >= 5);
      expect(targets(following.events)).toEqual([0, 1, 2, 3, 4].map((n) => `0@${category}-${n}`));
    },
  ),
  rule(
    ['projection.in-all', 'link.filter'],
    'links are events of $all, in the order of what caused them',
    async ({ client, expect, follow }) => {
      const category = newCategory();
      const before = await here(client);
      await client.appendToStream(`${category}-1`, several(3));
      const filter = streamNameFilter({ prefixes: [`$ce-${category}`] });
      const following = follow(client.subscribeToAll({ fromPosition: before, filter }));
      await following.until(({ events }) => events.length >= 3);
      expect(following.events.map(({ event }) => [event?.type, textOf(event?.data)])).toEqual(
        [0, 1, 2].map((n) => ['$>', `${n}@${category}-1`]),
      );
    },
  ),
  rule(
    ['projection.dangling', 'link.dangling'],
    'what is truncated leaves its link alone, and is not linked again',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      await client.appendToStream(`${category}-1`, several(2));
      await linked(context, `$ce-${category}`, 2);
      await client.setStreamMetadata(`${category}-1`, { truncateBefore: 1 });
      const found = await read(client.readStream(`$ce-${category}`, RESOLVED));
      expect(found.map(({ event, link }) => [event?.revision, link?.revision])).toEqual([
        [undefined, 0n],
        [1n, 1n],
      ]);
    },
  ),
  rule(
    'projection.deleted',
    'the end of a stream is linked, and said to be one',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      const [soft, hard] = [`${category}-1`, `${category}-2`];
      await client.appendToStream(soft, happened());
      await client.deleteStream(soft);
      await client.appendToStream(hard, happened());
      await client.tombstoneStream(hard);
      const plain = await linked(context, `$ce-${category}`, 4, { resolveLinkTos: false });
      expect(plain.map(({ event }) => textOf(event?.data))).toEqual([
        `0@${soft}`,
        `0@$$${soft}`,
        `0@${hard}`,
        `9223372036854775807@${hard}`,
      ]);
      expect(plain.map((one) => [metadataOf(one)['$o'], metadataOf(one)['$deleted']])).toEqual([
        [soft, undefined],
        [soft, -1],
        [hard, undefined],
        [hard, -1],
      ]);
    },
  ),
  rule(
    ['projection.correlation', 'projection.disabled', 'projection.catch-up'],
    'one that is disabled writes nothing; enabled, it makes up for it in order',
    async (context) => {
      const { client, expect } = context;
      const [category, correlation] = [newCategory(), newCategory()];
      await client.disableProjection('$by_correlation_id');
      expect((await client.getProjectionStatus('$by_correlation_id')).projectionStatus).toBe(
        'Stopped',
      );
      for (let n = 0; n < 3; n++) {
        await client.appendToStream(`${category}-${n}`, correlated('told', correlation, n));
      }
      await linked(context, `$ce-${category}`, 3);
      expect(await missing(client, `$bc-${correlation}`)).toBe('stream-not-found');
      await client.enableProjection('$by_correlation_id');
      await client.appendToStream(`${category}-3`, [
        correlated('told', newCategory(), 3),
        correlated('told', correlation, 4),
      ]);
      const found = await linked(context, `$bc-${correlation}`, 4);
      expect(targets(found)).toEqual([
        ...[0, 1, 2].map((n) => `0@${category}-${n}`),
        `1@${category}-3`,
      ]);
      expect(metadataOf(found[0])['$eventTimestamp']).toMatch(/^\d{4}-\d\d-\d\dT.*\.\d{6}Z$/);
    },
  ),
  rule(
    'projection.statistics',
    'statistics say of each whether it runs and how far it is',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      await client.appendToStream(`${category}-1`, happened());
      await linked(context, `$ce-${category}`, 1);
      const listed = await client.listProjections();
      expect(listed.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          '$by_category',
          '$by_event_type',
          '$streams',
          '$by_correlation_id',
        ]),
      );
      const status = await client.getProjectionStatus('$by_category');
      expect(status).toMatchObject({ name: '$by_category', projectionStatus: 'Running' });
      expect(status.progress).toBeGreaterThan(0);
      expect(status.progress).toBeLessThanOrEqual(100);
    },
  ),
  rule('projection.unknown', 'a projection that is not there is not found', async (context) => {
    const { client, expect } = context;
    const calls = [
      client.enableProjection('nobody'),
      client.disableProjection('nobody'),
      client.getProjectionStatus('nobody'),
      client.resetProjection('nobody'),
      client.deleteProjection('nobody'),
      client.getProjectionState('nobody'),
      client.getProjectionResult('nobody'),
    ];
    const failures = await Promise.all(calls.map(failure));
    expect(failures.map(({ code }) => code)).toEqual(calls.map(() => 5));
  }),
  rule(
    'projection.built-in',
    'those of users are unimplemented, and what is built in stays as it is',
    async ({ client, expect }) => {
      const calls = [
        client.createProjection('mine', 'fromAll()'),
        client.updateProjection('$by_category', 'fromAll()'),
        client.resetProjection('$by_category'),
        client.deleteProjection('$by_category'),
        client.getProjectionState('$by_category'),
        client.getProjectionResult('$by_category'),
      ];
      const failures = await Promise.all(calls.map(failure));
      expect(failures.map(({ code }) => code)).toEqual(calls.map(() => 12));
    },
    { oursOnly: true },
  ),
  rule(
    'projection.restart',
    'a new start of all of them repeats nothing',
    async (context) => {
      const { client, expect } = context;
      const category = newCategory();
      await client.appendToStream(`${category}-1`, several(2));
      await linked(context, `$ce-${category}`, 2);
      await client.restartSubsystem();
      await client.appendToStream(`${category}-1`, happened(2));
      expect(targets(await linked(context, `$ce-${category}`, 3))).toEqual(
        [0, 1, 2].map((n) => `${n}@${category}-1`),
      );
    },
    { oursOnly: true },
  ),
  rule(
    ['projection.off', 'projection.catch-up'],
    'a node writes no links before they are asked for, and then those of all its events',
    async (context) => {
      const { connect, expect, ownNode } = context;
      const node = await ownNode();
      try {
        const client = connect(node.url);
        const listed = await client.listProjections();
        expect(listed.map(({ projectionStatus }) => projectionStatus)).toEqual(
          listed.map(() => 'Stopped'),
        );
        const category = newCategory();
        await client.appendToStream(`${category}-1`, several(600));
        await client.enableProjection('$streams');
        const own = { ...context, client };
        const first = await linked(own, '$streams', 1);
        expect(targets(first)[0]).toMatch(/^0@\$/);
        expect(await missing(client, `$ce-${category}`)).toBe('stream-not-found');
        await client.enableProjection('$by_category');
        const found = await linked(own, `$ce-${category}`, 600);
        expect(found.map(({ event }) => event?.revision)).toEqual(
          Array.from({ length: 600 }, (_, n) => BigInt(n)),
        );
      } finally {
        await node.close();
      }
    },
    { oursOnly: true },
  ),
];
