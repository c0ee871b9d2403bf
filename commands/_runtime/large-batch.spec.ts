import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineAggregate } from '../../domain/_kernel/aggregate.ts';
import { deriveId, PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import { activityEvents } from '../../domain/activity/events.ts';
import { machine } from '../../platform/host/index.ts';
import { type LogOfRecord, startLogOfRecord } from '../../test/support/log-of-record.ts';
import { createStreamCache } from './cached-stream.ts';
import { createStreamQueues } from './stream-queue.ts';

let log: LogOfRecord;
beforeAll(async () => {
  log = await startLogOfRecord();
});
afterAll(() => log.stop());

const activityId = deriveId('act', 'large');
/** Events of one command. */
const EACH = 30;
const counter = defineAggregate({
  events: activityEvents,
  initial: () => ({ folded: 0 }),
  evolve: ({ folded }) => ({ folded: folded + 1 }),
});

it('sends what was decided together in appends that the store takes, each in its turn', async () => {
  const sizes: number[] = [];
  const eventStore = {
    ...log.eventStore,
    append: (...args: Parameters<typeof log.eventStore.append>) => {
      sizes.push(args[2].length);
      return log.eventStore.append(...args);
    },
  };
  const queues = createStreamQueues({ eventStore, cache: createStreamCache(10), host: machine });
  // 100 times 30 KB at once: the store takes a mebibyte.
  const cancelled = {
    type: 'ActivityCancelled',
    data: { activityId, reason: 'x'.repeat(500) },
  } as const;
  const many = Array(EACH).fill(cancelled);
  const now = new Date().toISOString();
  const decide = (name: string) => {
    const commandId = uuidv5(PAWPRINT_NAMESPACE, name);
    const context = {
      ...{ commandId, executionId: commandId, inputHash: name, now, occurredAt: now },
      ...{ correlationId: commandId, causationId: commandId, deadline: Date.now() + 10_000 },
      principal: { kind: 'system', id: 'spec' },
      actor: { kind: 'system', id: 'spec' },
    } as const;
    return queues.decide(counter, activityId, context, {
      decide: () => many,
      view: (state) => state.folded,
      isNew: false,
    });
  };
  const names = Array.from({ length: 100 }, (_, index) => `command ${index}`);
  const outcomes = await Promise.allSettled(names.map(decide));
  expect(
    outcomes.map((each) => (each.status === 'fulfilled' ? each.value.view : each.reason)),
  ).toEqual(names.map((_name, index) => EACH * (index + 1)));
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(100 * EACH);
});
