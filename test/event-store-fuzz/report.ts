import type { GoodFigures } from './good-client.ts';
import type { Look } from './node-process.ts';
import type { Tally } from './shooting.ts';

export type Round = { readonly name: string; readonly shots: number; readonly look: Look };

export type Report = {
  readonly seed: number;
  readonly minutes: number;
  readonly shots: number;
  /** By kind, how often each outcome. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly rounds: readonly Round[];
  readonly good: GoodFigures;
  /** Stalled connections: how many, and how many of each kind the node has closed. */
  readonly stalled: { readonly opened: number; readonly closed: Readonly<Record<string, number>> };
  readonly faults: readonly string[];
};

const MIB = 1024 * 1024;
/** A heap of some 20 MiB breathes; more than this is kept by somebody. */
const HEAP = { share: 0.25, bytes: 12 * MIB };
/** The allocator gives back in its own time what large messages took. */
const RESIDENT = { share: 0.25, bytes: 64 * MIB };

const heldBy = ({ heapUsed, external }: Look): number => heapUsed + external;
const mib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10;

type Measure = (look: Look) => number;
const measures: readonly (readonly [string, Measure, typeof HEAP])[] = [
  ['the heap', heldBy, HEAP],
  ['the resident memory', ({ rss }) => rss, RESIDENT],
];

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * Memory that did not come back: the last round against the middle one of those before, which have
 * filled what a node may keep. What one round had more than the others is no growth.
 */
export const memoryFaults = (rounds: readonly Round[]): string[] => {
  const last = rounds.at(-1);
  const earlier = rounds.slice(0, -1);
  if (last === undefined || earlier.length === 0) return [];
  return measures.flatMap(([what, of, tolerated]) => {
    const was = median(earlier.map(({ look }) => of(look)));
    const is = of(last.look);
    return is > was + Math.max(tolerated.bytes, was * tolerated.share)
      ? [`${what} grew from ${mib(was)} to ${mib(is)} MiB in the last of ${rounds.length} rounds`]
      : [];
  });
};

export const outcomesOf = ({ outcomes }: Tally): Report['outcomes'] =>
  Object.fromEntries([...outcomes].map(([kind, of]) => [kind, Object.fromEntries(of)]));

const sortedText = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .toSorted(([, a], [, b]) => b - a)
    .map(([word, times]) => `${times} ${word}`)
    .join(', ');

const roundRow = ({ shots, look }: Round) => ({
  shots,
  'heap MiB': mib(look.heapUsed),
  'external MiB': mib(look.external),
  'RSS MiB': mib(look.rss),
  handles: look.handles,
  connections: look.connections,
  calls: look.calls,
  followers: look.followers,
});

export const lastLine = ({ faults, seed }: Report): string =>
  faults.length === 0 ? `no fault, --seed ${seed}` : `${faults.length} faults, --seed ${seed}`;

export const print = (report: Report): void => {
  const { outcomes, rounds, good, stalled, faults } = report;
  for (const [kind, of] of Object.entries(outcomes).toSorted(([a], [b]) => a.localeCompare(b))) {
    console.log(`${kind.padEnd(30)} ${sortedText(of)}`);
  }
  console.log('\nthe node, after each round, at rest:');
  console.table(Object.fromEntries(rounds.map((round) => [round.name, roundRow(round)])));
  console.log(
    `the client that behaves: ${good.appends} appends, ${good.seen} seen by its subscriptions; p50 ${good.p50Ms} ms, p99 ${good.p99Ms} ms, most ${good.mostMs} ms`,
  );
  console.log(
    `${stalled.opened} connections stalled, closed by the node: ${sortedText(stalled.closed) || 'none'}`,
  );
  for (const fault of faults) console.error(`\nFAULT ${fault}`);
  console.log(`\n${report.shots} shots: ${lastLine(report)}`);
};
