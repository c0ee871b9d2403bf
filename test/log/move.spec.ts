import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue } from '../../domain/_catalogue.ts';
import { connectTo, happened, query } from '../../embedded/event-store/_fixtures/harness.ts';
import { type EventStoreNode, startEventStoreNode } from '../../embedded/event-store/index.ts';
import { type EventStore, openEventStore } from '../../platform/event-store/index.ts';
import { createPool } from '../../platform/postgres/index.ts';
import { season } from '../../projections/_fixtures/season.ts';
import { dumpProjection, startProjections } from '../../projections/_runtime/index.ts';
import { projections } from '../../projections/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type LogOfRecord, startLogOfRecord } from '../support/log-of-record.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { ended, eventStore, start } from './cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-move-spec-'));
const file = join(folder, 'log.ndjson');
let source: LogOfRecord;
let database: TestDatabase;
let node: EventStoreNode;

beforeAll(async () => {
  source = await startLogOfRecord();
  // The season has no founding event of its own; what it tells is written as the commands do.
  const last = new Map<string, number>([['installation-main', 0]]);
  for (const { stream, id, type, data, metadata } of season({ enrollments: 30 })) {
    const revision = last.get(stream) ?? -1;
    await source.eventStore.append(stream, revision, [{ id, type, data, metadata }], {
      deadline: Date.now() + 30_000,
    });
    last.set(stream, revision + 1);
  }
  database = await createTestDatabase();
  node = await startEventStoreNode({ databaseUrl: database.url });
});
afterAll(async () => {
  await node?.stop();
  await database?.drop();
  await source?.stop();
  removeFolder(folder);
});

const tablesOver = async (store: EventStore): Promise<readonly string[]> => {
  const place = await createTestDatabase();
  const pool = createPool({ url: place.url, name: 'spec' });
  const running = await startProjections({
    ...{ eventStore: store, url: place.url, definitions: projections, log: source.log },
  });
  try {
    await running.reached(await store.head(), AbortSignal.timeout(60_000));
    const dumps = [];
    for (const definition of projections) dumps.push(await dumpProjection(pool, definition));
    expect(running.health().every(({ parkedKeys }) => parkedKeys === 0)).toBe(true);
    return dumps.flat().map(({ table, rows, sha256 }) => `${table} ${rows} ${sha256}`);
  } finally {
    await running.stop();
    await pool.end();
    await place.drop();
  }
};

test('a moved log is the same log: same identity, and read models built over it are byte-equal', async () => {
  // A server writes about itself. Positions differ then; ordinals count events by their type, so they
  // do not.
  const elsewhere = connectTo(node.url);
  for (let n = 0; n < 7; n += 1) {
    await elsewhere.appendToStream('$of-the-server', { ...happened(n), type: '$Told' });
  }
  void elsewhere.dispose();

  const exported = await eventStore('export', file, '--from', source.url, '--json');
  expect(exported).toMatchObject({ code: 0, err: '' });
  const imported = await eventStore('import', file, '--to', node.url);
  expect(imported).toMatchObject({ code: 0, err: '' });

  const copy = openEventStore({
    ...{ url: node.url, catalogue, keys: source.keys, log: source.log },
  });
  try {
    expect(await copy.logId()).toBe(await source.eventStore.logId());
    expect(await copy.head()).not.toBe(await source.eventStore.head());
    const tables = await tablesOver(source.eventStore);
    expect(tables.filter((line) => !line.includes(' 0 ')).length).toBeGreaterThan(15);
    expect(await tablesOver(copy)).toEqual(tables);
  } finally {
    await copy.dispose();
  }
});

const eventsIn = async (url: string): Promise<readonly unknown[]> =>
  query(
    url,
    "select stream, revision, id from event_store.event where left(stream, 1) <> '$' order by position",
  );

test('export and import are killed at any moment, and started again to the same end', async () => {
  const long = await createTestDatabase();
  const other = await createTestDatabase();
  const from = await startEventStoreNode({ databaseUrl: long.url });
  const to = await startEventStoreNode({ databaseUrl: other.url });
  const path = join(folder, 'killed.ndjson');
  try {
    const client = connectTo(from.url);
    const big = 'x'.repeat(2_000);
    for (let n = 0; n < 60; n += 1) {
      const events = Array.from({ length: 250 }, () => ({ ...happened(), data: { n, big } }));
      await client.appendToStream(`thing-${n % 7}`, events);
    }
    void client.dispose();

    const killed = async (args: readonly string[], when: () => boolean | Promise<boolean>) => {
      const child = start(args);
      const gone = once(child, 'exit');
      await expect.poll(when, { interval: 1, timeout: 30_000 }).toBe(true);
      child.kill('SIGKILL');
      await gone;
      expect(child.signalCode).toBe('SIGKILL');
    };
    const exporting = ['export', path, '--from', from.url, '--resume'];
    for (const size of [1, 5_000_000, 15_000_000]) {
      await killed(exporting, () => existsSync(path) && statSync(path).size > size);
    }
    const whole = await ended(start(exporting));
    expect(whole).toMatchObject({ code: 0 });
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(60 * 250 + 3);

    const importing = ['import', path, '--to', to.url];
    const arrived = async () => (await eventsIn(other.url)).length;
    for (const count of [0, 4_000, 9_000]) {
      await killed(importing, async () => (await arrived()) > count);
    }
    expect(await ended(start(importing))).toMatchObject({ code: 0 });
    expect(await eventsIn(other.url)).toEqual(await eventsIn(long.url));
  } finally {
    await from.stop();
    await to.stop();
    await long.drop();
    await other.drop();
  }
});

test('what stands in the way is said, with the exit code that means it', async () => {
  const there = await eventStore('export', file, '--from', source.url);
  expect(there).toMatchObject({ code: 1, err: '' });
  expect(there.out).toContain('is there: --resume goes on with it');
  expect(await eventStore('import', '/nowhere.ndjson', '--to', node.url)).toMatchObject({
    code: 2,
    err: 'there is no file /nowhere.ndjson\n',
  });
  expect(await eventStore('export', file)).toMatchObject({
    code: 2,
    err: 'say which event store: --from URL, or EVENTSTORE_URL\n',
  });
  expect(await eventStore('export', file, '--from', 'http://x')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--from: is a URL: esdb://'),
  });
});
