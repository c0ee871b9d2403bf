import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineAggregate } from '../../domain/_kernel/aggregate.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { activityEvents } from '../../domain/activity/events.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import { machine } from '../../platform/host/index.ts';
import { commandContext } from '../../test/support/command-context.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { createStreamCache } from './cached-stream.ts';
import { createStreamQueues } from './stream-queue.ts';

const activityId = deriveId('act', 'contended');
const published = { type: 'ActivityPublished', data: { activityId } } as const;

/** Counts what it folded, and changes the state that it is given. */
const counter = defineAggregate({
  events: activityEvents,
  initial: () => ({ folded: 0 }),
  evolve: (state) => {
    state.folded += 1;
    return state;
  },
});

let log: LogOfRecord;
beforeAll(async () => {
  log = await startLogOfRecord();
});
afterAll(() => log.stop());

/** A process that writes: what is decided in it, and from where on it read. */
function writer(eventStore: EventStore) {
  const reads: number[] = [];
  let before: (() => Promise<unknown>) | null = null;
  const watched: EventStore = {
    ...eventStore,
    readStream: (stream, options = {}) => {
      reads.push(options.from ?? 0);
      return eventStore.readStream(stream, options);
    },
    append: async (...append) => {
      const interruption = before;
      before = null;
      await interruption?.();
      return eventStore.append(...append);
    },
  };
  const cache = createStreamCache(1000);
  const queues = createStreamQueues({ eventStore: watched, cache, host: machine });
  return {
    reads,
    /** Somebody else is a moment faster than its next append. */
    isLateFor: (other: () => Promise<unknown>) => {
      before = other;
    },
    decide: (name: string, events = 1) =>
      queues.decide(counter, activityId, commandContext(name), {
        decide: () => Array.from({ length: events }, () => published),
        view: (state) => state.folded,
        isNew: false,
      }),
  };
}

it('reads the whole stream after its first conflict, and only the tail after each later one', async () => {
  const ours = writer(log.eventStore);
  const others = writer(log.another());
  await ours.decide('begin', 40);
  let length = 40;
  for (let round = 0; round < 6; round += 1) {
    ours.reads.length = 0;
    ours.isLateFor(() => others.decide(`theirs ${round}`));
    // Three that are decided together, on a state that is behind by one event.
    const names = ['a', 'b', 'c'].map((name) => `ours ${name} ${round}`);
    const decided = await Promise.all(names.map((name) => ours.decide(name)));
    expect(decided).toMatchObject(
      names.map((_, n) => ({ view: length + 2 + n, revision: length + 1 + n, replayed: false })),
    );
    expect(ours.reads.at(-1)).toBe(round === 0 ? 0 : length);
    length += 4;

    // Without a conflict, which the spare has to be told of, too.
    expect(await ours.decide(`alone ${round}`, 2)).toMatchObject({ view: length + 2 });
    length += 2;
    // What a repeat finds is what was stored, not what was decided at first.
    const again = await ours.decide(names[2] ?? '');
    expect(again).toMatchObject({ replayed: true, events: [{ revision: length - 3 }] });
  }
  const stored = await log.eventStore.readStream(`activity-${activityId}`);
  expect(stored.map(({ revision }) => revision)).toEqual([...Array(length).keys()]);
});

it('knows how old its state is: since the append was sent, whatever becomes of the clock', async () => {
  let wall = 0;
  let late = 0;
  const host = {
    ...machine,
    now: () => machine.now() + wall + late,
    elapsed: () => machine.elapsed() + late,
  };
  const eventStore: EventStore = {
    ...log.eventStore,
    append: async (...append) => {
      const outcome = await log.eventStore.append(...append);
      // The answer takes its time, in which others may write here.
      late += 3000;
      return outcome;
    },
  };
  const queues = createStreamQueues({ eventStore, cache: createStreamCache(10), host });
  const id = deriveId('act', 'late answer');
  const context = commandContext('late answer');
  await queues.decide(counter, id, context, {
    decide: () => [published],
    view: () => undefined,
    isNew: true,
  });
  const ages: number[] = [];
  const look = () =>
    queues.load(
      counter,
      id,
      context,
      () => undefined,
      (_view, ageMs) => ages.push(ageMs) > 0,
    );
  await look();
  wall = -86_400_000;
  await look();
  expect(ages.map((age) => age >= 3000)).toEqual([true, true]);
});
