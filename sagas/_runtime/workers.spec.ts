import { describe, expect, it } from 'vitest';
import { LONGEST_SLEEP_MS } from './loop.ts';
import type { OutboxEntry, TimerChange } from './react.ts';
import { allWorkers, workersFor, workersNamed } from './workers.ts';

const now = Date.parse('2027-04-01T08:00:00.000Z');
const timer = (at: number | null): TimerChange => ({
  ...{ saga: 's', instance: 'i', name: 'hold-ends', id: 'id', correlationId: 'c' },
  at: at === null ? null : new Date(at).toISOString(),
});
const row = (kind: OutboxEntry['kind']): OutboxEntry => ({
  ...{ id: 'id', saga: 's', instance: 'i', kind, name: 'n', key: 'k', lane: 'l', payload: {} },
  ...{ cause: 'c', correlationId: 'c' },
});

describe('who is woken', () => {
  it.each([
    ['nothing was left', { outbox: [], timers: [] }, []],
    ['a command', { outbox: [row('command')], timers: [] }, ['command']],
    ['a side effect', { outbox: [row('side-effect')], timers: [] }, ['side-effect']],
    ['a timer of long ago', { outbox: [], timers: [timer(now - 1)] }, ['timers']],
    [
      'a timer that the next look would find late',
      { outbox: [], timers: [timer(now + LONGEST_SLEEP_MS)] },
      ['timers'],
    ],
    [
      'a timer that a look comes before',
      { outbox: [], timers: [timer(now + LONGEST_SLEEP_MS + 1)] },
      [],
    ],
    ['a timer that was called off', { outbox: [], timers: [timer(null)] }, []],
    [
      'all of it',
      { outbox: [row('side-effect'), row('command')], timers: [timer(now)] },
      ['command', 'side-effect', 'timers'],
    ],
  ])('%s', (_what, changes, workers) => {
    expect(workersFor(changes, now)).toEqual(workers);
  });

  it('hears of them by name; an empty notification is for all', () => {
    expect(workersNamed('side-effect,timers')).toEqual(['side-effect', 'timers']);
    expect(workersNamed('requests')).toEqual(['requests']);
    expect(workersNamed('a-worker-of-tomorrow')).toEqual([]);
    expect(workersNamed('')).toEqual(allWorkers);
  });
});
