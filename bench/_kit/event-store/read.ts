import {
  BACKWARDS,
  END,
  type EventType,
  FORWARDS,
  type RecordedEvent,
  type ResolvedEvent,
  START,
} from '@eventstore/db-client';
import { type Figures, figuresOf } from '../drive.ts';
import { progress } from '../report.ts';
import { type Bench, type Loaded, withCouple } from './couple.ts';
import { type Comparison, inEvents, inPairs, type Side } from './pairs.ts';

const STREAM = 'long';
const EVENTS = { quick: 20_000, full: 100_000 };
const STRETCH = 1_000;
/** Some appends fill it: an append holds at most 1 MiB of data. */
const EVENTS_OF_AN_APPEND = 500;

type Way = {
  readonly what: string;
  /** Between one event and the next. */
  readonly step: bigint;
  read(node: Loaded, count: number): AsyncIterable<ResolvedEvent<EventType>>;
  placeOf(event: RecordedEvent): bigint | undefined;
};

const revisionOf = ({ revision }: RecordedEvent): bigint => revision;
const positionOf = ({ position }: RecordedEvent): bigint | undefined => position?.commit;

const WAYS: readonly Way[] = [
  {
    ...{ what: 'one stream, forwards', step: 1n, placeOf: revisionOf },
    read: ({ client }, maxCount) =>
      client.readStream(STREAM, { direction: FORWARDS, fromRevision: START, maxCount }),
  },
  {
    ...{ what: 'one stream, backwards', step: -1n, placeOf: revisionOf },
    read: ({ client }, maxCount) =>
      client.readStream(STREAM, { direction: BACKWARDS, fromRevision: END, maxCount }),
  },
  {
    ...{ what: '$all, forwards', step: 1n, placeOf: positionOf },
    read: ({ client }, maxCount) =>
      client.readAll({ direction: FORWARDS, fromPosition: START, maxCount }),
  },
  {
    ...{ what: '$all, backwards', step: -1n, placeOf: positionOf },
    read: ({ client }, maxCount) =>
      client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount }),
  },
];

/** Long reads, whole: events a second, and how long each stretch of 1,000 took. */
export function measureReads(bench: Bench): Promise<Comparison[]> {
  const count = bench.quick ? EVENTS.quick : EVENTS.full;
  return withCouple(bench, 'reading', async (durable, memory) => {
    for (const node of [durable, memory]) {
      progress(`${count.toLocaleString('en')} events to read, ${node.name}`);
      await fill(node, count);
    }
    const results: Comparison[] = [];
    for (const way of WAYS) {
      const side = (node: Loaded): Side => ({
        ...{ name: node.name, pid: node.pid },
        run: () => readWhole(node, way, count, bench.wrong),
      });
      const { pairs, postgresPid } = bench;
      const what = `read ${count.toLocaleString('en')}, ${way.what}`;
      results.push(
        await inPairs({ what, pairs, postgresPid, one: side(durable), other: side(memory) }),
      );
    }
    return results;
  });
}

async function fill(node: Loaded, count: number): Promise<void> {
  for (let at = 0; at < count; at += EVENTS_OF_AN_APPEND) {
    await node.append(STREAM, EVENTS_OF_AN_APPEND, { at });
  }
}

/** Neighbours differ by one, in their stream or in the log. */
async function readWhole(
  node: Loaded,
  { what, read, placeOf, step }: Way,
  count: number,
  wrong: Bench['wrong'],
): Promise<Figures> {
  const took: number[] = [];
  const begin = performance.now();
  let since = begin;
  let seen = 0;
  let last: bigint | undefined;
  for await (const { event } of read(node, count)) {
    const place = event && placeOf(event);
    if (place === undefined || (last !== undefined && place !== last + step)) {
      wrong(`${node.name}, ${what}: ${place} after ${last}`);
    }
    last = place;
    seen += 1;
    if (seen % STRETCH !== 0) continue;
    took.push(performance.now() - since);
    since = performance.now();
  }
  if (seen !== count) wrong(`${node.name}, ${what}: ${seen} events, not ${count}`);
  return inEvents(figuresOf(took, performance.now() - begin), STRETCH);
}
