import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { expect, test } from 'vitest';
import { until } from '../../../embedded/demo/client/wait.ts';
import { CLASSIC, failure, newStream, read } from '../../event-store/kit.ts';
import { removeFolder } from '../../support/remove-folder.ts';
import { type NodeProcess, superviseNode } from './node-process.ts';
import { mountRoom, type Room, whyNoRoom } from './room.ts';
import { seed } from './rounds.ts';
import { type Stage, said, underLoad } from './stage.ts';
import { type TableDisk, tableDisk } from './table-disk.ts';
import { FOUGHT_STREAM } from './writers.ts';

const FULL = /No space left on device/;
/** Nothing that is left over in a page holds it. */
const big = () =>
  jsonEvent({ type: 'big', data: { filling: randomBytes(150_000).toString('base64') } });

/** Both ways to append end in time, with an error that the client has a name for. */
const refusesWrites = async (node: NodeProcess): Promise<void> => {
  const { batch, classic } = await node.connections();
  const [one, other] = await Promise.all([
    failure(batch.appendToStream(newStream('full'), big())),
    failure(classic.appendToStream(newStream('full'), big(), CLASSIC)),
  ]);
  expect([one, other]).toMatchObject([{ type: 'deadline-exceeded' }, { type: 'timeout' }]);
};

const someOf = async (node: NodeProcess) =>
  (await node.connections()).classic.readStream(FOUGHT_STREAM, { maxCount: 5 });

const alive = async ({ httpUrl }: NodeProcess): Promise<number> =>
  (await fetch(`${httpUrl}/health/live`)).status;

/** Fills the disk, looks, makes room; the same node goes on, and nobody has touched it. */
const whileFull = async (
  stage: Stage,
  disk: Pick<TableDisk, 'fill' | 'clear'>,
  look: () => Promise<void>,
): Promise<void> => {
  const { node, writers } = stage;
  const { pid } = node;
  await writers.more(100);
  await disk.fill(stage);
  try {
    await look();
    expect(await alive(node)).toBe(204);
  } finally {
    await disk.clear();
  }
  await writers.more(100);
  expect({ pid: node.pid, starts: node.starts }).toEqual({ pid, starts: 1 });
};

test('no room for events: writes are refused, reads are answered, and it goes on when there is room', async (context) => {
  const disk = await tableDisk();
  if ('reason' in disk) return context.skip(disk.reason);
  const options = { writers: 16, seed, bytes: 1_500, ...disk.options };
  await underLoad(options, async (stage) => {
    const { node, cluster } = stage;
    await whileFull(stage, disk, async () => {
      const lines = async () => node.lines.filter((line) => FULL.test(line));
      await until('the node to say it', lines, (found) => found.length > 0, 30_000);
      await refusesWrites(node);
      expect(await read(await someOf(node))).toHaveLength(5);
    });
    expect(cluster.starts).toBe(1);
  });
}, 120_000);

test('no room for the log of Postgres, which ends until there is some: the node waits for it', async (context) => {
  const reason = whyNoRoom();
  if (reason !== undefined) context.skip(reason);
  let room: Room | undefined;
  const options = {
    ...{ writers: 16, seed, bytes: 3_000 },
    // As few segments of 16 MB as there can be, so that the next one is wanted soon.
    settings: { min_wal_size: '32MB', max_wal_size: '32MB', wal_recycle: 'off' },
    whileStopped: (cluster: string) => {
      room = mountRoom(join(cluster, 'pg_wal'), 128);
    },
    afterwards: () => room?.close(),
  };
  await underLoad(options, async (stage) => {
    const { node, cluster } = stage;
    const disk = { fill: async () => room?.fill(), clear: async () => room?.clear() };
    await whileFull(stage, disk, async () => {
      const ends = async () => cluster.failedStarts.filter((why) => FULL.test(why));
      await until('Postgres to find no room', ends, (found) => found.length > 0, 60_000);
      await refusesWrites(node);
      // There is nobody to read from. It waits for Postgres before it says so.
      const reading = await failure(read(await someOf(node)));
      expect(reading).toMatchObject({ type: 'unavailable' });
    });
    expect(cluster.starts).toBeGreaterThan(1);
  });
}, 180_000);

test('no room for a node that runs its Postgres itself: it lives, and goes on when there is some', async (context) => {
  const reason = whyNoRoom();
  if (reason !== undefined) context.skip(reason);
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-faults-'));
  const storage = ['--data', folder];
  await (await superviseNode(storage)).stop();
  const room = mountRoom(join(folder, 'cluster/pg_wal'), 128);
  const node = await superviseNode(storage);
  const { pid } = node;
  try {
    const { batch } = await node.connections();
    const stream = newStream();
    const acknowledged: string[] = [];
    const append = async (): Promise<unknown> => {
      const event = big();
      try {
        await batch.appendToStream(stream, event);
        acknowledged.push(event.id);
        return 'written';
      } catch (error) {
        return error instanceof Error && 'type' in error ? error.type : error;
      }
    };
    expect(await append()).toBe('written');
    room.fill();
    const tries = async (): Promise<number> => {
      await append();
      return said(node, 'Postgres does not start, trying again');
    };
    await until('a start without room', tries, (times) => times > 1, 60_000);
    await refusesWrites(node);
    expect(await alive(node)).toBe(204);
    expect(node.lines.join('\n')).toMatch(FULL);
    room.clear();
    await until('an append', append, (end) => end === 'written', 30_000);
    expect({ pid: node.pid, starts: node.starts }).toEqual({ pid, starts: 1 });
    const stored = (await read(batch.readStream(stream))).map(({ event }) => event?.id);
    expect(stored.filter((id) => acknowledged.includes(id ?? ''))).toEqual(acknowledged);
  } finally {
    room.clear();
    await node.stop();
    room.close();
    removeFolder(folder);
  }
}, 120_000);
