import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { defineAggregate, opaqueAggregate } from '../../domain/_kernel/aggregate.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { activityEvents } from '../../domain/activity/events.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import { machine } from '../../platform/host/index.ts';
import { createLogger } from '../../platform/log/index.ts';
import { commandContext } from '../../test/support/command-context.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { createStreamCache } from './cached-stream.ts';
import { createHearing } from './heard.ts';
import { createStreamQueues } from './stream-queue.ts';

const counter = defineAggregate({
  events: activityEvents,
  initial: () => ({ folded: 0 }),
  evolve: ({ folded }, { type }) => {
    if (type === 'ActivityCancelled') throw new RangeError('it cannot be folded');
    return { folded: folded + 1 };
  },
});

const logger = createLogger({ level: 'silent', name: 'spec' });
let log: LogOfRecord;
beforeAll(async () => {
  log = await startLogOfRecord();
});
afterAll(() => log.stop());

/** A process that writes to one stream, and hears of it. */
function process(name: string, eventStore: EventStore) {
  const activityId = deriveId('act', name);
  const stream = `activity-${activityId}`;
  let reads = 0;
  const watched: EventStore = {
    ...eventStore,
    readStream: (...read) => {
      reads += 1;
      return eventStore.readStream(...read);
    },
  };
  const cache = createStreamCache(1000);
  const queues = createStreamQueues({ eventStore: watched, cache, host: machine });
  const hear = createHearing(cache, [opaqueAggregate(counter)], logger);
  const event = { type: 'ActivityPublished', data: { activityId } } as const;
  return {
    reads: () => reads,
    cached: () => cache.peek(stream),
    hear,
    /** What is new in the log, from a revision on. */
    hearFrom: async (from: number) => hear(await eventStore.readStream(stream, { from })),
    stored: () => eventStore.readStream(stream),
    decide: (command: string, events = 1) =>
      queues.decide(counter, activityId, commandContext(command), {
        decide: () => Array.from({ length: events }, () => event),
        view: (state) => state.folded,
        isNew: false,
      }),
  };
}

it('reads nothing for a command whose stream it has heard from its beginning', async () => {
  const [ours, theirs] = [process('heard', log.eventStore), process('heard', log.another())];
  await theirs.decide('begun', 2);
  await ours.hearFrom(0);
  await theirs.decide('gone on with');
  await ours.hearFrom(2);
  expect(await ours.decide('ours')).toMatchObject({ view: 4, revision: 3, replayed: false });
  expect(ours.reads()).toBe(0);
  // What it hears of itself, and what it hears again, it knows.
  await ours.hearFrom(0);
  expect(await ours.decide('ours again')).toMatchObject({ view: 5, revision: 4 });
  expect(ours.reads()).toBe(0);
  // A repeat of what it only heard of is answered with what was stored.
  expect(await ours.decide('begun', 2)).toMatchObject({ replayed: true });
});

it('is behind, and decides right all the same: the append at an exact revision says so', async () => {
  const [ours, theirs] = [process('behind', log.eventStore), process('behind', log.another())];
  await theirs.decide('begun');
  await ours.hearFrom(0);
  await theirs.decide('not heard of yet', 3);
  expect(await ours.decide('ours')).toMatchObject({ view: 5, revision: 4 });
  expect((await ours.stored()).map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4]);
});

it('folds nothing behind a gap, nor what does not begin a stream', async () => {
  const [ours, theirs] = [process('gap', log.eventStore), process('gap', log.another())];
  await theirs.decide('begun', 4);
  await ours.hearFrom(1);
  expect(ours.cached()).toBeUndefined();
  const [first, , third] = await ours.stored();
  ours.hear([first, third].flatMap((event) => event ?? []));
  expect(ours.cached()).toMatchObject({ revision: 0, state: { folded: 1 } });
});

it('has no entry of a stream with an event that cannot be folded, and says so', async () => {
  const ours = process('unfolded', log.eventStore);
  await ours.decide('begun', 2);
  const [, second] = await ours.stored();
  if (second === undefined) throw new Error('nothing was stored');
  const warn = vi.spyOn(logger, 'warn');
  ours.hear([{ ...second, type: 'ActivityCancelled', revision: 2 }]);
  expect(ours.cached()).toBeUndefined();
  expect(warn).toHaveBeenCalledWith(
    expect.objectContaining({ revision: 2 }),
    'an event that was heard could not be folded',
  );
});
