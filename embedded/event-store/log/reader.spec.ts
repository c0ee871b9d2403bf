import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import type { RecordedEvent } from '../core/model.ts';
import { MAX_INT64 } from '../core/model.ts';
import { type LogReader, openLogReader } from './reader.ts';
import { openWriterSession } from './writer-session.ts';

const LARGE = 3 * 1024 * 1024;
const COUNT = 8;

let database: TestDatabase;
let reader: LogReader;

const event = (position: number): RecordedEvent => ({
  ...{ id: randomUUID(), type: 't', json: false, stream: 's', created: 1n },
  ...{ position: BigInt(position), revision: BigInt(position - 1) },
  ...{ data: Buffer.alloc(0), metadata: Buffer.alloc(LARGE, position) },
});

beforeAll(async () => {
  database = await createTestDatabase();
  const session = await openWriterSession(database.url, 0);
  for (let position = 1; position <= COUNT; position += 1) await session.insert([event(position)]);
  await session.close();
  reader = openLogReader(database.url, () => undefined);
});
afterAll(async () => {
  await reader?.close();
  await database?.drop();
});

const positions = (events: readonly RecordedEvent[]): number[] =>
  events.map(({ position }) => Number(position));
const all = { lowest: 0n, highest: MAX_INT64, limit: 100 } as const;

// The second goes beyond the four mebibytes: it still comes, the third does not.
test('a page ends where it has brought enough, in either direction', async () => {
  expect(positions(await reader.allPage({ ...all, direction: 'forwards' }))).toEqual([1, 2]);
  expect(positions(await reader.allPage({ ...all, direction: 'backwards' }))).toEqual([8, 7]);
  const ofStream = { ...all, stream: 's', oldest: 0n } as const;
  const forwards = await reader.streamPage({ ...ofStream, direction: 'forwards' });
  expect(positions(forwards)).toEqual([1, 2]);
  expect(forwards[1]?.metadata.equals(Buffer.alloc(LARGE, 2))).toBe(true);
  expect(positions(await reader.streamPage({ ...ofStream, direction: 'backwards' }))).toEqual([
    8, 7,
  ]);
});

test('links are resolved as far as it is not too much, and the missing ones among them', async () => {
  const to = (revision: number) => ({ stream: 's', revision: BigInt(revision) });
  const found = await reader.linkTargets([to(99), to(0), to(98), to(0), to(0), to(0)]);
  expect(found.map(({ event: one }) => one?.position)).toEqual([undefined, 1n, undefined, 1n]);
  const rest = await reader.linkTargets([to(97), to(3), to(96)]);
  expect(rest.map(({ event: one }) => one?.position)).toEqual([undefined, 4n, undefined]);
});
