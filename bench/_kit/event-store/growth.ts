import { START } from '@eventstore/db-client';
import { drive, driveFor } from '../drive.ts';
import { progress } from '../report.ts';
import { type Bench, checkHead, checkLog, type Loaded, loaded } from './couple.ts';
import { residentMb, startDurable } from './nodes.ts';
import { type Comparison, inPairs, type Side, type Spread, spreadOf } from './pairs.ts';

/** Events in the two logs. */
const SIZES = {
  full: { small: 10_000, large: 1_000_000 },
  quick: { small: 10_000, large: 100_000 },
};
const EVENTS_OF_A_STREAM = 50;
const FILLING = 16;
const STARTS = 5;
/** What a node is asked to do before its memory is looked at, the same at both sizes. */
const LOAD = { appends: 3_000, reads: 10_000, inFlight: 128 };
const IN_FLIGHT = [1, 128];

export type Growth = {
  readonly small: number;
  readonly large: number;
  /** Resident MB of one node while its log grew: with `small` and with `large` events in it. */
  readonly filledMb: { readonly small: number; readonly large: number };
  /** Of nodes that were started on the logs as they are, after the same load. */
  readonly startedMb: { readonly small: Spread; readonly large: Spread };
  /** From the start of the process to READY, on the large log, Postgres up. */
  readonly readyMs: Spread;
  /** The large log's rate beside the small one's. */
  readonly appends: readonly Comparison[];
};

/** One of the two logs, with how many events were appended to it so far. */
type GrownLog = { readonly name: string; readonly url: string; appended: number };

/** A log of a million events beside one of ten thousand: memory, start, and what an append costs. */
export async function measureGrowth(bench: Bench): Promise<Growth> {
  const { small, large } = bench.quick ? SIZES.quick : SIZES.full;
  const open = async (count: number): Promise<GrownLog> => {
    const name = `log of ${count.toLocaleString('en')}`;
    return { name, url: await bench.database(`log_of_${count}`), appended: 0 };
  };
  const logs = { small: await open(small), large: await open(large) };
  await fill(bench, logs.small, [small]);
  const [atSmall = 0, atLarge = 0] = await fill(bench, logs.large, [small, large]);
  const found = { small: [] as number[], large: [] as number[], readyMs: [] as number[] };
  for (let start = 0; start < STARTS; start += 1) {
    found.small.push((await startAndLoad(bench, logs.small)).residentMb);
    const started = await startAndLoad(bench, logs.large);
    found.large.push(started.residentMb);
    found.readyMs.push(started.readyMs);
  }
  const appends = await compareAppends(bench, logs.large, logs.small);
  for (const { name, url, appended } of Object.values(logs)) {
    progress(`verifying the ${name}`);
    await checkLog(url, appended, bench.wrong);
  }
  return {
    ...{ small, large, appends },
    filledMb: { small: atSmall, large: atLarge },
    startedMb: { small: spreadOf(found.small), large: spreadOf(found.large) },
    readyMs: spreadOf(found.readyMs),
  };
}

/** A node over the log as it is; in the end it has what it had, and what was appended. */
async function withNode<T>(
  { wrong }: Bench,
  log: GrownLog,
  work: (node: Loaded) => Promise<T>,
): Promise<T> {
  const started = await startDurable(log.url);
  const node = loaded(started, { name: log.name, wrong, before: log.appended });
  try {
    const result = await work(node);
    log.appended = node.appended();
    await checkHead(node, wrong);
    return result;
  } finally {
    await node.stop();
  }
}

/** Fills a new log up to each mark; resident MB there. */
function fill(bench: Bench, log: GrownLog, marks: readonly number[]): Promise<number[]> {
  return withNode(bench, log, async (node) => {
    const resident: number[] = [];
    for (const mark of marks) {
      progress(`filling the ${log.name} up to ${mark.toLocaleString('en')}`);
      const before = node.appended();
      await drive((mark - before) / EVENTS_OF_A_STREAM, FILLING, (n) =>
        node.append(`filled-${before}-${n}`, EVENTS_OF_A_STREAM),
      );
      resident.push(residentMb(node.pid));
    }
    return resident;
  });
}

function startAndLoad(bench: Bench, log: GrownLog) {
  const { appends, reads, inFlight } = LOAD;
  return withNode(bench, log, async (node) => {
    const before = node.appended();
    await drive(appends, inFlight, (n) => node.append(`loaded-${before}-${n}`, 1));
    let seen = 0;
    for await (const _event of node.client.readAll({ fromPosition: START, maxCount: reads })) {
      seen += 1;
    }
    if (seen !== reads) bench.wrong(`${log.name}: ${seen} events, not ${reads}`);
    return { residentMb: residentMb(node.pid), readyMs: node.readyMs };
  });
}

function compareAppends(bench: Bench, large: GrownLog, small: GrownLog): Promise<Comparison[]> {
  return withNode(bench, large, (one) =>
    withNode(bench, small, async (other) => {
      const results: Comparison[] = [];
      for (const inFlight of IN_FLIGHT) {
        const side = (node: Loaded): Side => ({
          ...{ name: node.name, pid: node.pid },
          run: () => {
            const before = node.appended();
            return driveFor(bench.seconds, inFlight, (n) =>
              node.append(`compared-${before}-${n}`, 1),
            );
          },
        });
        for (const node of [one, other]) await side(node).run();
        const { pairs, postgresPid } = bench;
        const what = `append of 1, ${inFlight} in flight, ${large.name} / ${small.name}`;
        results.push(
          await inPairs({ what, pairs, postgresPid, one: side(one), other: side(other) }),
        );
      }
      return results;
    }),
  );
}
