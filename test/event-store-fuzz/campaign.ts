/** A whole campaign against one node: rounds of shots, a look after each, and what was found. */
import { setTimeout as delay } from 'node:timers/promises';
import { startGoodClient } from './good-client.ts';
import type { Look, NodeProcess } from './node-process.ts';
import type { Options } from './options.ts';
import { randomFrom } from './random.ts';
import { memoryFaults, outcomesOf, type Report, type Round } from './report.ts';
import { createTally, shoot } from './shooting.ts';
import { type Stalled, stall } from './stalls.ts';

/** The first fills what a node may keep, the others are held against it. */
const ROUNDS = 5;
/** The client that behaves: one connection, its stream of appends, two subscriptions. */
const AT_REST = { connections: 1, calls: 3 };
/** The official client has no way to close its channel, only to end its calls. */
const CHANNEL_ALONE = { connections: 1, calls: 0 };
const SETTLE_MS = 60_000;
const LOOKS = 4;
const LOOK_EVERY_MS = 500;
/** Ten seconds to say something, then ten to the first ping and ten to its answer. */
/** At rest V8 gives free pages of its heap back, about ten seconds after a collection. */
const REST_MS = 20_000;
const STALL_MS = 60_000;
/** Sessions to Postgres come and go. */
const SPARE_HANDLES = 10;

export type Progress = (text: string) => void;

/** Of a few looks the one with the least in memory: what is just being worked on is no growth. */
const atRest = async (node: NodeProcess): Promise<Look> => {
  const looks: Look[] = [];
  for (let n = 0; n < LOOKS; n += 1) {
    await delay(LOOK_EVERY_MS);
    looks.push(await node.look());
  }
  return looks.reduce((least, look) => (look.heapUsed < least.heapUsed ? look : least));
};

/** Waits until nothing is open that nobody holds; a fault when it stays. */
const settled = async (
  node: NodeProcess,
  rest: typeof AT_REST,
  faults: string[],
): Promise<Look> => {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const look = await node.look();
    if (look.calls <= rest.calls && look.connections <= rest.connections) return atRest(node);
    if (performance.now() > until) {
      faults.push(
        `${look.calls} calls and ${look.connections} connections are open ${SETTLE_MS / 1_000} s after the last shot`,
      );
      return look;
    }
    await delay(250);
  }
};

const stallFault = async (stalled: Stalled): Promise<string[]> => {
  if (await stalled.allClosed(STALL_MS)) return [];
  const closed = Object.values(stalled.closed()).reduce((sum, n) => sum + n, 0);
  return [
    `${stalled.opened - closed} of ${stalled.opened} stalled connections are open after ${STALL_MS / 1_000} s: closed are ${JSON.stringify(stalled.closed())}`,
  ];
};

export const runCampaign = async (
  node: NodeProcess,
  { seed, minutes, lanes, stalls }: Pick<Options, 'seed' | 'minutes' | 'lanes' | 'stalls'>,
  progress: Progress,
  stopped: AbortSignal,
): Promise<Report> => {
  const random = randomFrom(seed);
  const tally = createTally();
  const { faults } = tally;
  const rounds: Round[] = [];
  const before = await node.look();
  rounds.push({ name: 'before', shots: 0, look: before });
  const good = startGoodClient(node.host, node.port);
  let stalled: Stalled | undefined;
  let stalledFaults: Promise<string[]> = Promise.resolve([]);
  const goesOn = (): boolean =>
    node.ended() === undefined && !stopped.aborted && good.faults.length === 0;

  try {
    for (let nth = 1; nth <= ROUNDS && goesOn() && faults.length === 0; nth += 1) {
      const until = performance.now() + (minutes * 60_000) / ROUNDS;
      // Beside the second round, so that the first is what the others are held against.
      if (nth === 2 && stalls > 0) {
        stalled = await stall(node, stalls);
        stalledFaults = stallFault(stalled);
      }
      const shotsBefore = tally.shots;
      await shoot(node, random.part(nth), {
        lanes,
        heavy: true,
        tally,
        more: () => {
          progress(`round ${nth} of ${ROUNDS}: ${tally.shots} shots, ${faults.length} faults`);
          return performance.now() < until && goesOn();
        },
      });
      if (nth === 2) faults.push(...(await stalledFaults));
      const look = await settled(node, AT_REST, faults);
      rounds.push({ name: `round ${nth}`, shots: tally.shots - shotsBefore, look });
    }
    await good.finish();
    const last = await settled(node, CHANNEL_ALONE, faults);
    rounds.push({ name: 'after', shots: 0, look: last });
    // The spec plays seconds, and has nothing to give back.
    if (minutes >= 1) {
      progress(`at rest for ${REST_MS / 1_000} s`);
      await delay(REST_MS);
      rounds.push({ name: 'at rest', shots: 0, look: await atRest(node) });
    }
    if (last.followers > before.followers) faults.push(`${last.followers} followers are left`);
    if (last.handles > before.handles + SPARE_HANDLES) {
      faults.push(`${last.handles} handles are open, ${before.handles} before`);
    }
    faults.push(...memoryFaults(rounds.filter(({ name }) => name.startsWith('round'))));
  } catch (error) {
    faults.push(String(error));
  } finally {
    stalled?.end();
  }
  if (node.ended() !== undefined) faults.push(`the node has ended: ${node.ended()}`);
  faults.push(...good.faults);
  return {
    ...{ seed, minutes, shots: tally.shots, outcomes: outcomesOf(tally), rounds },
    good: good.figures(),
    stalled: { opened: stalled?.opened ?? 0, closed: stalled?.closed() ?? {} },
    faults,
  };
};
