import type { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { connectTo, happened, newStream, query } from '../_fixtures/harness.ts';
import { type EventStoreNode, startEventStoreNode } from '../index.ts';
import { type Damage, NoLogError, verifyLog } from './index.ts';

let database: TestDatabase;
let node: EventStoreNode;
let client: EventStoreDBClient;
const [first, second, deleted, gone] = ['a', 'b', 'c', 'd'].map(newStream) as [
  string,
  string,
  string,
  string,
];

beforeAll(async () => {
  database = await createTestDatabase();
  node = await startEventStoreNode({ databaseUrl: database.url });
  client = connectTo(node.url);
  for (let n = 0; n < 5; n++) {
    await client.appendToStream(first, [happened(n), happened(n)]);
    await client.appendToStream(second, happened(n));
  }
  await client.appendToStream(deleted, happened(0));
  await client.deleteStream(deleted);
  await client.appendToStream(deleted, happened(1));
  await client.appendToStream(gone, happened(0));
  await client.tombstoneStream(gone);
});
afterAll(async () => {
  void client.dispose();
  await node.stop();
  await database.drop();
});

/** Damage is planted in a copy, so that every test begins with the same log. */
beforeEach(() =>
  query(database.url, 'create table event_store.whole as select * from event_store.event'),
);
afterEach(() =>
  query(
    database.url,
    `truncate event_store.event;
     insert into event_store.event select * from event_store.whole;
     drop table event_store.whole`,
  ),
);

const verify = async (pageSize: number) => {
  const damages: Damage[] = [];
  const verdict = await verifyLog({
    databaseUrl: database.url,
    onDamage: (damage) => damages.push(damage),
    pageSize,
  });
  expect(verdict.damages).toBe(damages.length);
  return { verdict, damages };
};

const positionOf = async (stream: string, revision: number): Promise<bigint> => {
  const rows = await query<{ position: string }>(
    database.url,
    `select position from event_store.event where stream = '${stream}' and revision = ${revision}`,
  );
  return BigInt(rows[0]?.position ?? -1);
};

// Pages that are larger than the log, and ones that cut every stream.
const pages = [1_000, 4, 1] as const;

test.each(pages)('a log that is whole has no damage (pages of %i)', async (size) => {
  const [counted] = await query<{ events: string; streams: string; head: string }>(
    database.url,
    'select count(*) events, count(distinct stream) streams, max(position) head from event_store.event',
  );
  const { verdict, damages } = await verify(size);
  expect(damages).toEqual([]);
  expect(verdict).toEqual({
    events: Number(counted?.events),
    streams: Number(counted?.streams),
    metastreams: 3,
    head: BigInt(counted?.head ?? -1),
    damages: 0,
  });
});

test.each(pages)('an updated byte is found and located (pages of %i)', async (size) => {
  await query(
    database.url,
    `update event_store.event set data = set_byte(data, 3, 77) where stream = '${first}' and revision = 4`,
  );
  const { damages } = await verify(size);
  const position = await positionOf(first, 4);
  expect(damages).toMatchObject([{ kind: 'checksum', stream: first, revision: 4n, position }]);
});

test.each(pages)(
  'a removed row is missed by position and by stream (pages of %i)',
  async (size) => {
    const position = await positionOf(second, 2);
    await query(database.url, `delete from event_store.event where position = ${position}`);
    const { damages } = await verify(size);
    expect(damages).toMatchObject([
      { kind: 'position-missing', stream: null, position },
      { kind: 'revision-missing', stream: second, revision: 3n },
    ]);
    expect(damages[1]?.problem).toBe('revision 2 is missing before it');
  },
);

test('a removed beginning of a stream is missed too', async () => {
  await query(
    database.url,
    `delete from event_store.event where stream = '${first}' and revision < 3`,
  );
  const { damages } = await verify(5);
  expect(damages.filter(({ kind }) => kind === 'revision-missing')).toMatchObject([
    { stream: first, revision: 3n, problem: 'revisions 0 to 2 are missing before it' },
  ]);
});

const swap = (one: bigint, other: bigint): string => `
  update event_store.event set position = -1 where position = ${one};
  update event_store.event set position = ${one} where position = ${other};
  update event_store.event set position = ${other} where position = -1;`;

test('two swapped rows are found, each by its checksum and by the order of its stream', async () => {
  const [one, other] = [await positionOf(first, 3), await positionOf(first, 7)];
  await query(database.url, swap(one, other));
  const { damages } = await verify(1_000);
  expect(damages).toMatchObject([
    { kind: 'checksum', stream: first, revision: 7n, position: one },
    { kind: 'checksum', stream: first, revision: 3n, position: other },
    { kind: 'order', stream: first, revision: 4n },
    { kind: 'order', stream: first, revision: 7n, position: one },
  ]);
});

test('a tombstone that is another event, and a position before the first, are named', async () => {
  await query(
    database.url,
    `update event_store.event set type = 'x' where stream = '${gone}' and revision > 0;
     update event_store.event set position = 0 where position = 1`,
  );
  const { damages } = await verify(1_000);
  expect(damages).toMatchObject([
    { kind: 'position-impossible', position: 0n },
    { kind: 'checksum', position: 0n },
    { kind: 'position-missing', position: 1n },
    { kind: 'checksum', stream: gone },
    { kind: 'tombstone', stream: gone, revision: 9_223_372_036_854_775_807n },
  ]);
});

test('the node writes on while its log is verified, and what it writes is not missed or half seen', async () => {
  const before = await verify(1_000);
  let writing: Promise<unknown> = Promise.resolve();
  const verdict = await verifyLog({
    databaseUrl: database.url,
    onDamage: (damage) => expect(damage).toBeUndefined(),
    pageSize: 2,
    onProgress: () => {
      writing = client.appendToStream(second, happened(9));
    },
  });
  await writing;
  expect(verdict).toEqual(before.verdict);
});

test('where there is no log, that is said; one of a newer node is left alone', async () => {
  const empty = await createTestDatabase();
  const onDamage = (): void => undefined;
  try {
    const looking = verifyLog({ databaseUrl: empty.url, onDamage });
    await expect(looking).rejects.toThrow(NoLogError);
    await query(
      empty.url,
      `create schema event_store;
       create table event_store.migration (version integer);
       insert into event_store.migration values (1000)`,
    );
    await expect(verifyLog({ databaseUrl: empty.url, onDamage })).rejects.toThrow(
      /schema version 1000/,
    );
  } finally {
    await empty.drop();
  }
});

test('an interrupted verification stops', async () => {
  const stop = new AbortController();
  const verifying = verifyLog({
    databaseUrl: database.url,
    onDamage: () => undefined,
    pageSize: 1,
    onProgress: () => stop.abort(new Error('enough')),
    signal: stop.signal,
  });
  await expect(verifying).rejects.toThrow('enough');
});
