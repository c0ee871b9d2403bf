import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { removeFolder } from '../../../test/support/remove-folder.ts';
import { connectTo, happened, newStream, query } from '../_fixtures/harness.ts';
import { type EventStoreNode, startEventStoreNode } from '../index.ts';
import { checkpointFileOf } from './checkpoint.ts';
import { type MovedEvent, parseLine } from './format.ts';
import { exportLog, importLog, MoveRefusedError, ServerAwayError } from './index.ts';
import { openRemote } from './remote.ts';
import { windows } from './windows.ts';

type Place = { database: TestDatabase; node: EventStoreNode };

let source: Place;
let target: Place;
let client: EventStoreDBClient;
let folder: string;
let file: string;

const startPlace = async (): Promise<Place> => {
  const database = await createTestDatabase();
  return { database, node: await startEventStoreNode({ databaseUrl: database.url }) };
};
const stopPlace = async ({ database, node }: Place): Promise<void> => {
  await node.stop();
  await database.drop();
};

const raw = (stream: string, revision: bigint, data: string, contentType: string): MovedEvent => ({
  ...{ stream, revision, contentType, id: randomUUID(), type: 'raw' },
  ...{ data: Buffer.from(data), metadata: Buffer.from(`{ "of": ${data.length}.0 }`) },
  ...{ created: 0n, position: { commit: 0n, prepare: 0n } },
});

/** Everything that a log can have in it. */
const play = async (): Promise<void> => {
  const [plain, revived, kept, gone, limited, late] = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
    newStream(name),
  ) as [string, string, string, string, string, string];
  await client.appendToStream(plain, [happened(0), happened(1)]);
  await client.appendToStream(revived, [happened(0), happened(1)]);
  await client.setStreamMetadata(revived, { owner: 'x', maxCount: 5 });
  await client.deleteStream(revived);
  await client.appendToStream(plain, happened(2));
  // Comes back, with metadata that the server writes by itself.
  await client.appendToStream(revived, [happened(2), happened(3), happened(4)]);
  // Once more, so that the metadata before is no longer the stream's last.
  await client.deleteStream(revived);
  await client.appendToStream(revived, [happened(5), happened(6)]);
  await client.appendToStream(kept, happened(0));
  await client.deleteStream(kept);
  await client.appendToStream(gone, [happened(0), happened(1)]);
  await client.tombstoneStream(gone);
  await client.tombstoneStream(newStream('never'));
  await client.setStreamMetadata(limited, { maxCount: 1 });
  for (let n = 0; n < 3; n += 1) await client.appendToStream(limited, happened(n));
  await client.appendToStream(newStream('links'), jsonEvent({ type: '$>', data: `1@${plain}` }));
  await client.appendToStream('$own-of-the-server', happened(0));
  // Deleted, and brought back by its metadata.
  await client.appendToStream(late, happened(0));
  await client.deleteStream(late);
  await client.setStreamMetadata(late, { note: 'back' });
  const remote = openRemote(source.node.url);
  const odd = newStream('odd');
  const texts = ['{ "spaces": 1.0 }', '{"plain":1}', 'no json', '', '\u0000\u0001'];
  const events = texts.flatMap((text, n) => [
    raw(odd, BigInt(2 * n), text, 'application/json'),
    raw(odd, BigInt(2 * n + 1), text, 'application/octet-stream'),
  ]);
  const answers = await remote.appendAll(events, Date.now() + 10_000);
  expect(answers.map(({ kind }) => kind)).toEqual(events.map(() => 'there'));
  await remote.close();
};

beforeAll(async () => {
  source = await startPlace();
  client = connectTo(source.node.url);
  await play();
});
afterAll(async () => {
  void client.dispose();
  await stopPlace(source);
});
beforeEach(async () => {
  target = await startPlace();
  folder = mkdtempSync(join(tmpdir(), 'move-spec-'));
  file = join(folder, 'log.ndjson');
});
afterEach(async () => {
  await stopPlace(target);
  removeFolder(folder);
});

const exporting = (resume = false) => exportLog({ url: source.node.url, file, resume });
const importing = (url = target.node.url) => importLog({ url, file, patienceMs: 5_000 });

/**
 * Metadata that a server wrote by itself has an id of that server's, and stands behind the first of
 * the events that brought the stream back, not behind the last: hence apart from the events.
 */
const contentOf = ({ database }: Place) =>
  query(
    database.url,
    `select stream, revision, case when type <> '$metadata' and type <> '$streamDeleted' then id end as id,
       type, json, encode(data, 'hex') as data, encode(metadata, 'hex') as metadata
     from event_store.event
     where left(stream, 1) <> '$' or (left(stream, 2) = '$$' and substr(stream, 3, 1) <> '$')
     order by left(stream, 2) = '$$', position`,
  );

const linesOf = (): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

test('a copy has every byte of every event, in the order of the log, and can be written on', async () => {
  const exported = await exporting();
  expect(exported.events).toBe(linesOf().length - 2);
  expect(await importing()).toEqual({ events: exported.events, before: 0 });
  const content = await contentOf(source);
  expect(content).toHaveLength(exported.events);
  expect(await contentOf(target)).toEqual(content);
  expect(readFileSync(file, 'utf8')).not.toContain('$own-of-the-server');
});

test('the same log gives the same file, and importing it again changes nothing', async () => {
  await exporting();
  const first = readFileSync(file);
  rmSync(file);
  await exporting();
  expect(readFileSync(file)).toEqual(first);
  await importing();
  const content = await contentOf(target);
  for (const start of ['at the checkpoint', 'at the first line']) {
    if (start === 'at the first line') rmSync(checkpointFileOf(file));
    const again = await importing();
    expect(again.before > 0).toBe(start === 'at the checkpoint');
    expect(await contentOf(target)).toEqual(content);
  }
});

test('a file that was cut off is told, and gone on with to the same end', async () => {
  await exporting();
  const whole = readFileSync(file);
  // Within the header line a kill leaves nothing; from there on at any byte.
  const header = whole.indexOf(10) + 1;
  const cuts = Array.from(
    { length: 12 },
    (_, n) => header + Math.floor((n * (whole.length - header)) / 12),
  );
  for (const at of [...cuts, whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, at));
    await expect(importing()).rejects.toThrow(/was cut off/);
    await exporting(true);
    expect(readFileSync(file).equals(whole)).toBe(true);
  }
  expect(
    await query(
      target.database.url,
      "select 1 from event_store.event where left(stream, 1) <> '$'",
    ),
  ).toEqual([]);
});

test('what a power cut left behind the last whole line is cut away', async () => {
  await exporting();
  const whole = readFileSync(file, 'utf8');
  const lines = linesOf().slice(0, -3);
  writeFileSync(file, `${lines.join('\n')}\n${'\0'.repeat(100_000)}`);
  await exporting(true);
  expect(readFileSync(file, 'utf8')).toBe(whole);
});

test('a file that is whole gets what is new, and an import goes on with that', async () => {
  const before = await exporting();
  await importing();
  await client.appendToStream(newStream('new'), happened(0));
  const after = await exporting(true);
  expect(after).toMatchObject({ before: before.events, events: before.events + 1 });
  await importing();
  expect(await contentOf(target)).toEqual(await contentOf(source));
});

test('an import that stopped anywhere is started again, with its checkpoint and without', async () => {
  await exporting();
  for (const checkpointed of [true, false]) {
    for (const stopAt of [2, 9, 20]) {
      const lines = linesOf();
      const part = join(folder, 'part.ndjson');
      // What a stopped import leaves is the beginning of the log.
      const other = await startPlace();
      const remote = openRemote(other.node.url);
      writeFileSync(part, `${lines.slice(0, stopAt).join('\n')}\n`);
      for await (const window of windows(part, { line: 1, offset: 0 })) {
        const [one] = window;
        if (one !== undefined && one.event.type === '$streamDeleted') {
          await remote.tombstone(one.event.stream);
        } else
          await remote.appendAll(
            window.map(({ event }) => event),
            Date.now() + 10_000,
          );
      }
      await remote.close();
      rmSync(checkpointFileOf(file), { force: true });
      await importing(other.node.url);
      if (checkpointed) await importing(other.node.url);
      expect(await contentOf(other)).toEqual(await contentOf(source));
      await stopPlace(other);
    }
  }
});

test('a changed file is refused before anything is imported', async () => {
  await exporting();
  const lines = linesOf();
  const [changed, removed, swapped] = [[...lines], [...lines], [...lines]];
  changed[3] = (lines[3] ?? '').replace('"happened"', '"hapqened"');
  removed.splice(4, 1);
  [swapped[4], swapped[5]] = [lines[5] ?? '', lines[4] ?? ''];
  for (const [text, message] of [
    [changed, /was changed: SHA-256/],
    [removed, /was changed: it ended with/],
    [swapped, /was changed: SHA-256/],
    [[...lines, lines[1]], /nothing may stand below the end line/],
    [['{"format":"event-log"}', ...lines.slice(1)], /log.ndjson:1: version: /],
    [lines.slice(1), /log.ndjson:1: a file has its header in the first line/],
  ] as const) {
    writeFileSync(file, `${text.join('\n')}\n`);
    await expect(importing()).rejects.toThrow(message);
  }
  expect(await contentOf(target)).toEqual([]);
});

test('an export does not write over a file, nor go on with one of another log', async () => {
  await exporting();
  await expect(exporting()).rejects.toThrow(/--resume goes on with it/);
  const other = exportLog({ url: target.node.url, file, resume: true });
  await expect(other).rejects.toThrow(/is of log .*, the source is log /);
});

test('a target with other events is refused, as is one that has the order otherwise', async () => {
  await exporting();
  const elsewhere = connectTo(target.node.url);
  await elsewhere.appendToStream('somebody-else', happened(0));
  await expect(importing()).rejects.toThrow(
    /the target is not empty: it begins with event 0 of somebody-else/,
  );
  void elsewhere.dispose();

  const lost = await startPlace();
  const remote = openRemote(lost.node.url);
  const read = linesOf().map((line) => parseLine(Buffer.from(line), 'line'));
  const [first, second, third] = read.flatMap((line) =>
    line.kind === 'event' ? [line.event] : [],
  );
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('too few');
  expect(third.stream).not.toBe(first.stream);
  // As if the append of the second had been lost: its stream is right without it, the log is not.
  await remote.appendAll([first, third], Date.now() + 10_000);
  await remote.close();
  await expect(importing(lost.node.url)).rejects.toThrow(/the order of the log is lost/);
  await stopPlace(lost);
});

test('a target in which somebody wrote meanwhile, or ended a stream, is told', async () => {
  await exporting();
  const events = linesOf()
    .map((line) => parseLine(Buffer.from(line), 'line'))
    .flatMap((line) => (line.kind === 'event' ? [line.event] : []));
  const [first] = events;
  const later = events.find(({ stream, revision }) => stream !== first?.stream && revision === 0n);
  if (first === undefined || later === undefined) throw new Error('too few');
  const remote = openRemote(target.node.url);
  await remote.appendAll([first], Date.now() + 10_000);
  await remote.close();
  // A soft deleted stream may be begun again as if it had never been: with the next revision.
  const meddler = connectTo(target.node.url);
  await meddler.appendToStream(later.stream, happened(0));
  await meddler.deleteStream(later.stream);
  await expect(importing()).rejects.toThrow(
    `event 0 of ${later.stream} became revision 1: the target has other events in that stream`,
  );
  void meddler.dispose();

  const place = await startPlace();
  await importing(place.node.url);
  rmSync(checkpointFileOf(file));
  const other = connectTo(place.node.url);
  await other.tombstoneStream(later.stream);
  await expect(importing(place.node.url)).rejects.toThrow(
    `stream ${later.stream} was ended in the target, but not in the source`,
  );
  void other.dispose();
  await stopPlace(place);
});

test('a source with a gap is refused with its stream', async () => {
  const stream = newStream('scavenged');
  const place = await startPlace();
  const other = connectTo(place.node.url);
  for (let n = 0; n < 3; n += 1) await other.appendToStream(stream, happened(n));
  void other.dispose();
  await query(
    place.database.url,
    `delete from event_store.event where stream = '${stream}' and revision = 1`,
  );
  const exported = exportLog({ url: place.node.url, file, resume: false });
  await expect(exported).rejects.toThrow(MoveRefusedError);
  await expect(exported).rejects.toThrow(
    `stream ${stream} has a gap: revision 1 is missing before 2`,
  );
  await stopPlace(place);
});

test('a server that stays away is told, and what was written stays', async () => {
  const away = exportLog({
    url: 'esdb://127.0.0.1:1?tls=false',
    file,
    resume: false,
    patienceMs: 300,
  });
  await expect(away).rejects.toThrow(ServerAwayError);
  await exporting();
  await expect(
    importLog({ url: 'esdb://127.0.0.1:1?tls=false', file, patienceMs: 300 }),
  ).rejects.toThrow(/the target has not answered/);
});

test('the node that goes away in the middle is waited for', async () => {
  await exporting();
  const { port } = target.node;
  await target.node.stop();
  const importingNow = importLog({
    url: `esdb://127.0.0.1:${port}?tls=false`,
    file,
    patienceMs: 20_000,
  });
  target.node = await startEventStoreNode({ databaseUrl: target.database.url, port });
  await importingNow;
  expect(await contentOf(target)).toEqual(await contentOf(source));
});

test('a checkpoint that is none is named; one of an emptied target is not believed', async () => {
  await exporting();
  writeFileSync(checkpointFileOf(file), '{}');
  await expect(importing()).rejects.toThrow(/is no checkpoint of an import: remove it/);
  rmSync(checkpointFileOf(file));
  const former = await startPlace();
  await importing(former.node.url);
  await stopPlace(former);
  expect(await importing()).toMatchObject({ before: 0 });
  expect(await contentOf(target)).toEqual(await contentOf(source));
  truncateSync(file, 10);
  appendFileSync(file, '\n');
  await expect(importing()).rejects.toThrow(/log.ndjson:1: expected a line of JSON/);
});
