import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  follow,
  happened,
  newStream,
  openTarget,
  revisions,
  several,
  type Target,
} from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

const upTo = (length: number, from = 0): bigint[] =>
  Array.from({ length: length - from }, (_, index) => BigInt(from + index));

describe('to a stream', () => {
  test('from the start: what is there, then caught up, then what comes', async () => {
    const { client } = target;
    const stream = newStream();
    await client.appendToStream(stream, several(5));
    const following = follow(client.subscribeToStream(stream, { fromRevision: START }));
    await following.until((one) => one.caughtUp() === 1);
    expect(revisions(following.events)).toEqual(upTo(5));
    await client.appendToStream(stream, several(5, 5));
    await following.until((one) => one.events.length === 10);
    expect(revisions(following.events)).toEqual(upTo(10));
    expect(following.caughtUp()).toBe(1);
  });

  test('from a revision: only what is after it; from the end: only what comes', async () => {
    const { client } = target;
    const stream = newStream();
    await client.appendToStream(stream, several(5));
    const after = follow(client.subscribeToStream(stream, { fromRevision: 2n }));
    const live = follow(client.subscribeToStream(stream, { fromRevision: END }));
    await Promise.all([after, live].map((one) => one.until(() => one.caughtUp() === 1)));
    await client.appendToStream(stream, happened(5));
    await Promise.all(
      [after, live].map((one) => one.until(() => one.events.at(-1)?.event?.revision === 5n)),
    );
    expect(revisions(after.events)).toEqual(upTo(6, 3));
    expect(revisions(live.events)).toEqual([5n]);
  });

  test('that does not exist yet', async () => {
    const stream = newStream();
    const following = follow(target.client.subscribeToStream(stream));
    await following.until((one) => one.caughtUp() === 1);
    await target.client.appendToStream(stream, several(2));
    await following.until((one) => one.events.length === 2);
    expect(revisions(following.events)).toEqual(upTo(2));
  });

  test('that is tombstoned: the last event, then the error; a soft delete is not noticed', async () => {
    const { client } = target;
    const stream = newStream();
    await client.appendToStream(stream, happened());
    const following = follow(client.subscribeToStream(stream));
    await following.until((one) => one.caughtUp() === 1);
    await client.deleteStream(stream);
    await client.appendToStream(stream, happened());
    await following.until((one) => one.events.length === 2);
    await client.tombstoneStream(stream);
    await following.until((one) => one.errors.length === 1);
    expect(following.events.at(-1)?.event?.type).toBe('$streamDeleted');
    expect(following.errors[0]).toMatchObject({ type: 'stream-deleted', streamName: stream });
    const late = follow(client.subscribeToStream(stream));
    await late.until((one) => one.errors.length === 1);
    expect(late.errors[0]).toMatchObject({ type: 'stream-deleted' });
  });
});

describe('to $all', () => {
  test('from the start: everything in order, then what comes', async () => {
    const { client } = target;
    const stream = newStream();
    await client.appendToStream(stream, several(50));
    const following = follow(client.subscribeToAll({ fromPosition: START }));
    await following.until((one) => one.caughtUp() === 1);
    await client.appendToStream(stream, several(50, 50));
    const own = () => following.events.filter((one) => one.event?.streamId === stream);
    await following.until(() => own().length === 100);
    expect(revisions(own())).toEqual(upTo(100));
    const positions = following.events.map((one) => one.event?.position?.commit ?? 0n);
    expect(positions.every((at, i) => i === 0 || at > (positions[i - 1] ?? 0n))).toBe(true);
  });

  test('after a position: neither it nor what was before', async () => {
    const { client } = target;
    const stream = newStream();
    const { position } = await client.appendToStream(stream, several(3));
    await client.appendToStream(stream, several(3, 3));
    const following = follow(
      client.subscribeToAll(position === undefined ? {} : { fromPosition: position }),
    );
    await following.until((one) => one.events.length === 3);
    expect(revisions(following.events)).toEqual(upTo(6, 3));
  });

  test('from the end: only what comes', async () => {
    const { client } = target;
    const stream = newStream();
    const following = follow(client.subscribeToAll({ fromPosition: END }));
    await following.until((one) => one.caughtUp() === 1);
    await client.appendToStream(stream, happened());
    await following.until((one) => one.events.length > 0);
    expect(following.events[0]?.event?.streamId).toBe(stream);
  });

  test.each([
    ['stream prefixes', (own: string) => streamNameFilter({ prefixes: ['nothing-', `${own}-a`] })],
    ['a stream pattern', (own: string) => streamNameFilter({ regex: `${own}-a` })],
    ['type prefixes', (own: string) => eventTypeFilter({ prefixes: [`${own}:wanted`] })],
    ['a type pattern', (own: string) => eventTypeFilter({ regex: `^${own}:want.d$` })],
  ])('filtered by %s, behind and live', async (_what, filterFor) => {
    const { client } = target;
    const own = newStream('filter');
    const write = async (n: number) => {
      await client.appendToStream(`${own}-a`, { ...happened(n), type: `${own}:wanted` });
      await client.appendToStream(`${own}-b`, { ...happened(n), type: `${own}:other` });
    };
    await write(0);
    const following = follow(client.subscribeToAll({ filter: filterFor(own) }));
    await following.until((one) => one.caughtUp() === 1);
    await write(1);
    await write(2);
    await following.until((one) => one.events.length === 3);
    expect(following.events.map((one) => one.event?.data)).toEqual([0, 1, 2].map((n) => ({ n })));
    expect(new Set(following.events.map((one) => one.event?.streamId))).toEqual(
      new Set([`${own}-a`]),
    );
  });

  test('without system events', async () => {
    const { client } = target;
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 10 });
    await client.appendToStream(stream, happened());
    const following = follow(client.subscribeToAll({ filter: excludeSystemEvents() }));
    await following.until((one) => one.events.at(-1)?.event?.streamId === stream);
    expect(following.events.filter((one) => one.event?.type.startsWith('$'))).toEqual([]);
  });

  test('a filter reports how far it has looked, although nothing matches', async () => {
    const { client } = target;
    const stream = newStream();
    const last = await client.appendToStream(stream, several(300));
    const reached: Position[] = [];
    const filter = streamNameFilter({
      prefixes: [newStream('never')],
      maxSearchWindow: 32,
      checkpointInterval: 2,
      checkpointReached: (_subscription, position) => {
        reached.push(position);
      },
    });
    const following = follow(client.subscribeToAll({ filter }));
    await following.until((one) => one.caughtUp() === 1);
    await expect.poll(() => reached.at(-1)?.commit).toBe(last.position?.commit);
    // One for each 64 events and one for going live, in order and none twice.
    expect(reached.length).toBeGreaterThanOrEqual(4);
    const commits = reached.map((position) => position.commit);
    expect(commits).toEqual([...new Set(commits)].sort((a, b) => (a < b ? -1 : 1)));
    expect(following.events).toEqual([]);

    const before = reached.length;
    await client.appendToStream(stream, several(64, 300));
    await expect.poll(() => reached.length).toBeGreaterThan(before);
  });

  test('a checkpoint is a place to go on from', async () => {
    const { client } = target;
    const own = newStream('resume');
    const reached: Position[] = [];
    const filter = streamNameFilter({
      prefixes: [own],
      maxSearchWindow: 1,
      checkpointReached: (_subscription, position) => {
        reached.push(position);
      },
    });
    await client.appendToStream(own, several(3));
    const first = follow(client.subscribeToAll({ filter }));
    await first.until((one) => one.caughtUp() === 1);
    const place = reached.at(-1);
    if (place === undefined) throw new Error('no checkpoint');
    await client.appendToStream(own, several(3, 3));
    const second = follow(
      client.subscribeToAll({ fromPosition: place, filter: streamNameFilter({ prefixes: [own] }) }),
    );
    await second.until((one) => one.events.length === 3);
    expect(revisions(second.events)).toEqual(upTo(6, 3));
  });
});

test('subscribing amidst a stream of writes, nothing is missed and nothing comes twice', async () => {
  const { client } = target;
  const stream = newStream('busy');
  const total = 1_500;
  const writing = (async () => {
    for (let n = 0; n < total; n += 10) {
      await Promise.all(several(10, n).map((event) => client.appendToStream(stream, event)));
    }
  })();
  const followers = [];
  for (let i = 0; i < 4; i++) {
    followers.push(
      follow(client.subscribeToStream(stream)),
      follow(client.subscribeToAll({ filter: streamNameFilter({ prefixes: [stream] }) })),
    );
    await followers.at(-1)?.until((one) => one.events.length > i * 100);
  }
  await writing;
  for (const one of followers) {
    await one.until(() => one.events.length >= total);
    expect(revisions(one.events)).toEqual(upTo(total));
  }
});
