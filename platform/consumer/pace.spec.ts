import { expect, it } from 'vitest';
import { BUSY_BATCH, LONGEST_PAUSE_MS, PACE_MS, pauseBefore } from './pace.ts';

it.each([
  ['one event, on its own', { events: 1, tookMs: 1 }, 0],
  ['nothing but a checkpoint', { events: 0, tookMs: 1 }, 0],
  ['fewer than come fast', { events: BUSY_BATCH - 1, tookMs: 1 }, 0],
  ['events that come fast', { events: BUSY_BATCH, tookMs: 10 }, PACE_MS - 10],
  ['a batch that took longer than the pace', { events: 100, tookMs: 30 }, 30],
  ['a batch that took very long', { events: 100, tookMs: 900 }, LONGEST_PAUSE_MS],
  ['a backlog', { events: 500, tookMs: 1 }, 0],
])('after %s the next batch waits', (_what, last, pause) => {
  expect(pauseBefore({ ...last, maxBatch: 500 })).toBe(pause);
});
