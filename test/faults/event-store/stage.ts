import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { expect } from 'vitest';
import { removeFolder } from '../../support/remove-folder.ts';
import { type Cluster, type ClusterOptions, superviseCluster } from './cluster.ts';
import type { LogEvent } from './history.ts';
import { type NodeProcess, superviseNode } from './node-process.ts';
import { faultsOf } from './oracle.ts';
import {
  followAll,
  followPrefix,
  followStream,
  type Subscriber,
  startSubscriber,
  type Target,
} from './subscribers.ts';
import { FOUGHT_STREAM, startWriters, type Writers } from './writers.ts';

export type Stage = {
  readonly cluster: Cluster;
  readonly node: NodeProcess;
  readonly writers: Writers;
};

export type StageOptions = Omit<ClusterOptions, 'dataDir'> & {
  readonly writers: number;
  readonly seed: number;
  /** Of data in each event. */
  readonly bytes?: number;
  /** When nobody uses the cluster any more, before its folder goes. */
  readonly afterwards?: () => void;
};

/** What the node says when Postgres found something wrong with what it wrote, which no fault excuses. */
const wrongWrite = /a write was refused by Postgres|a commit was refused, trying it in parts/;

/**
 * Everything runs, the faults happen, everything comes to rest, and then all that was heard is
 * compared with all that is there. What it gives is over, and can be asked what was logged.
 */
export const underLoad = async (
  options: StageOptions,
  faults: (stage: Stage) => Promise<void>,
): Promise<Stage> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pawprint-faults-'));
  const closing: (() => unknown)[] = [];
  const later = <T>(thing: T, close: (thing: T) => unknown): T => {
    closing.unshift(() => close(thing));
    return thing;
  };
  try {
    return await play(options, { dataDir, later }, faults);
  } finally {
    // One after the other, and all: what one leaves behind must not hide why the test failed.
    for (const close of closing) await Promise.resolve(close()).catch(console.error);
    options.afterwards?.();
    removeFolder(dataDir);
  }
};

const play = async (
  options: StageOptions,
  { dataDir, later }: { dataDir: string; later: <T>(thing: T, close: (thing: T) => unknown) => T },
  faults: (stage: Stage) => Promise<void>,
): Promise<Stage> => {
  const cluster = later(await superviseCluster({ ...options, dataDir }), (it) => it.stop());
  const node = later(await superviseNode(['--database-url', cluster.databaseUrl]), (it) =>
    it.stop(),
  );
  const began = performance.now();
  const { writers: count, seed, bytes = 20 } = options;
  const load = { count, seed, bytes };
  const writers = later(startWriters(node, load), (it) => it.stop());
  const follow = (target: Target): Subscriber =>
    later(startSubscriber(node, target), (it) => it.stop());
  const subscribers = [
    ...[followAll('$all'), followAll('$all again'), followPrefix('any-')],
    ...[followStream(FOUGHT_STREAM), followStream('alone-3')],
  ].map(follow);

  const stage = { cluster, node, writers };
  try {
    await writers.more(count);
    await faults(stage);
    await writers.more(count);
    await writers.stop();
  } catch (error) {
    const said = (who: string, lines: readonly string[]) =>
      console.error(`the last words of ${who}:\n${lines.slice(-10).join('\n')}`);
    said('the node', node.lines);
    said('starts of Postgres that failed', cluster.failedStarts);
    throw error;
  }
  const took = performance.now() - began;

  const log = await readLog(cluster.databaseUrl);
  // One that comes when all is over sees the same as those who were there.
  const all = [...subscribers, follow(followAll('$all afterwards'))];
  const due = (wanted: (stream: string) => boolean) =>
    log.filter(({ stream }) => wanted(stream)).length;
  // Whoever was handed too little is named by the comparison, with the first event that is missing.
  await Promise.allSettled(all.map((one) => one.reached(due(one.wanted))));
  await Promise.all(all.map((one) => one.stop()));
  const wrong = faultsOf({ log, appends: writers.appends, seen: all });
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(node.ownEnds).toEqual([]);
  expect(node.lines.filter((line) => wrongWrite.test(line))).toEqual([]);
  await expectWhole(cluster.databaseUrl);
  console.log(summary(log.length, took, stage));
  return stage;
};

const readLog = async (databaseUrl: string): Promise<LogEvent[]> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<keyof LogEvent, string>>(
      'select position, stream, revision, id from event_store.event order by position',
    );
    return rows.map(({ position, stream, revision, id }) => ({
      ...{ position: Number(position), stream, revision: Number(revision), id },
    }));
  } finally {
    await client.end();
  }
};

const program = fileURLToPath(new URL('../../../bin/event-store.ts', import.meta.url));

/** `npm run event-store -- verify` finds every checksum, position and revision in order. */
const expectWhole = async (databaseUrl: string): Promise<void> => {
  const args = [program, 'verify', '--database-url', databaseUrl];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain('the log is whole');
};

/** How often the node has said this. */
export const said = ({ lines }: Pick<NodeProcess, 'lines'>, what: string): number =>
  lines.filter((line) => line.includes(what)).length;

const summary = (events: number, took: number, { cluster, node, writers }: Stage): string => {
  const outcomes = Map.groupBy(writers.appends, ({ outcome }) => outcome.kind);
  const count = (kind: 'written' | 'refused' | 'open') => outcomes.get(kind)?.length ?? 0;
  const unknown = [...writers.unknown].map(([why, times]) => `${times} ${why}`).join(', ');
  return [
    `${events} events in ${(took / 1000).toFixed(1)} s`,
    `${count('written')} appends acknowledged, ${count('refused')} refused, ${count('open')} given up`,
    `tries with unknown outcome: ${unknown || 'none'}`,
    `node up ${node.starts} times, Postgres ${cluster.starts}`,
    `commits in doubt that were in the log: ${said(node, 'in doubt is in the log')}`,
  ].join('; ');
};
