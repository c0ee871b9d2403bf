import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineAggregate } from '../../domain/_kernel/aggregate.ts';
import { deriveId } from '../../domain/_kernel/ids.ts';
import { activityEvents } from '../../domain/activity/events.ts';
import { machine } from '../../platform/host/index.ts';
import { commandContext } from '../../test/support/command-context.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { createStreamCache } from './cached-stream.ts';
import { createStreamQueues, type StreamQueues } from './stream-queue.ts';

let log: LogOfRecord;
let queues: StreamQueues;
beforeAll(async () => {
  log = await startLogOfRecord();
  queues = createStreamQueues({
    eventStore: log.eventStore,
    cache: createStreamCache(10),
    host: machine,
  });
});
afterAll(() => log.stop());

const activityId = deriveId('act', 'tainted');
const published = { type: 'ActivityPublished', data: { activityId } } as const;
const cancelled = { type: 'ActivityCancelled', data: { activityId, reason: 'bug' } } as const;

/** Counts what it folded, and has a bug in one of its branches. */
const counter = defineAggregate({
  events: activityEvents,
  initial: () => ({ folded: 0 }),
  evolve: (state, event) => {
    if (event.type === 'ActivityCancelled') throw new Error('a bug in evolve');
    return { folded: state.folded + 1 };
  },
});

const tolerant = defineAggregate({
  events: activityEvents,
  initial: () => ({ folded: 0 }),
  evolve: (state) => ({ folded: state.folded + 1 }),
});

it('tells a fault in the fold to its own command, and keeps nothing that was not stored', async () => {
  const decide = (name: string, events: readonly (typeof published | typeof cancelled)[]) =>
    queues.decide(counter, activityId, commandContext(name), {
      decide: () => events,
      view: (state) => state.folded,
      isNew: false,
    });
  const [first, faulty, last] = await Promise.allSettled([
    decide('first', [published]),
    decide('faulty', [published, cancelled]),
    decide('last', [published]),
  ]);
  expect(faulty).toMatchObject({ status: 'rejected', reason: { message: 'a bug in evolve' } });
  // What was never stored is in nobody's answer, though the next append would put the state right.
  expect([first, last]).toMatchObject([
    { status: 'fulfilled', value: { view: 1, revision: 0 } },
    { status: 'fulfilled', value: { view: 2, revision: 1 } },
  ]);
  const stored = await log.eventStore.readStream(`activity-${activityId}`);
  expect(stored.map((event) => event.type)).toEqual(['ActivityPublished', 'ActivityPublished']);
  expect(await decide('next', [published])).toMatchObject({ view: 3, revision: 2 });
});

it('tells an event that cannot be stored to its own command, and stores what was decided beside it', async () => {
  const decide = (name: string, reason: string) =>
    queues.decide(tolerant, deriveId('act', 'unfit'), commandContext(name), {
      decide: () => [{ ...cancelled, data: { ...cancelled.data, reason } }],
      view: (state) => state.folded,
      isNew: false,
    });
  // Its own schema has no room for an empty one: a bug in the decision.
  const outcomes = await Promise.allSettled([
    decide('before it', 'a'),
    decide('unfit', ''),
    decide('after it', 'b'),
  ]);
  expect(outcomes).toMatchObject([
    { status: 'fulfilled', value: { view: 1, revision: 0 } },
    { status: 'rejected', reason: { name: 'ZodError' } },
    { status: 'fulfilled', value: { view: 2, revision: 1 } },
  ]);
});
