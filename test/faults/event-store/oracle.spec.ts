import { expect, test } from 'vitest';
import type { Append, LogEvent, Seen } from './history.ts';
import { faultsOf, ofWriters } from './oracle.ts';

type History = { log: LogEvent[]; appends: Append[]; seen: Seen[] };

const event = (position: number, stream: string, revision: number, id: string): LogEvent => ({
  ...{ position, stream, revision, id },
});

/** Two events to one stream, one to another between its appends; one refused, one never heard of. */
const sound = (): History => {
  const log = [
    event(1, '$node', 0, 'own'),
    event(2, 'a', 0, 'a0'),
    event(3, 'a', 1, 'a1'),
    event(4, 'b', 0, 'b0'),
    event(5, 'a', 2, 'a2'),
  ];
  const appends: Append[] = [
    { stream: 'a', expected: -1, ids: ['a0', 'a1'], outcome: written(1, 3) },
    { stream: 'b', expected: 'any', ids: ['b0'], outcome: { kind: 'open' } },
    { stream: 'a', expected: 0, ids: ['x0'], outcome: { kind: 'refused', current: 1 } },
    { stream: 'a', expected: 1, ids: ['a2'], outcome: written(2, 5) },
    { stream: 'b', expected: 'any', ids: ['y0'], outcome: { kind: 'open' } },
  ];
  const seen = [
    { subscriber: 'all', wanted: ofWriters, events: log.slice(1) },
    { subscriber: 'b', wanted: (stream: string) => stream === 'b', events: log.slice(3, 4) },
  ];
  return { log, appends, seen };
};
const written = (revision: number, position: number) => ({
  ...{ kind: 'written' as const, revision, position },
});

/** The sound history with one entry of a list put in the place of some. */
const but = <K extends keyof History>(
  list: K,
  index: number,
  remove: number,
  ...instead: History[K][number][]
): History => {
  const history = sound();
  const changed: History[K][number][] = [...history[list]];
  changed.splice(index, remove, ...instead);
  return { ...history, [list]: changed };
};
const seenBy = (subscriber: string, ...events: LogEvent[]): Seen => ({
  ...{ subscriber, wanted: ofWriters, events },
});
const [, a0, a1, b0, a2] = sound().log as [LogEvent, LogEvent, LogEvent, LogEvent, LogEvent];

test('a sound history has no faults', () => {
  expect(faultsOf(sound())).toEqual([]);
});

const last = (changed: Partial<Append>): History =>
  but('appends', 3, 1, {
    ...{ stream: 'a', expected: 1, ids: ['a2'], outcome: written(2, 5) },
    ...changed,
  });

test.each<[string, History, RegExp]>([
  ['an acknowledged append is lost', but('log', 4, 1), /was acknowledged, but 1/],
  [
    'of an acknowledged append one event is lost',
    last({ ids: ['a2', 'a3'], outcome: written(3, 6) }),
    /was acknowledged, but 1/,
  ],
  [
    'an append without an answer is there in parts',
    last({ ids: ['a2', 'a3'], outcome: { kind: 'open' } }),
    /there in parts, but 1/,
  ],
  ['an event is there twice', but('log', 5, 0, event(6, 'a', 3, 'a2')), /written 2 times/],
  [
    'a refused append is there',
    last({ outcome: { kind: 'refused', current: 2 } }),
    /was refused and is there/,
  ],
  [
    'an append is refused for no reason',
    but('appends', 2, 1, {
      ...{ stream: 'a', expected: 1, ids: ['x0'], outcome: { kind: 'refused', current: 1 } },
    }),
    /refused although/,
  ],
  ['positions have a hole', but('log', 4, 1, event(6, 'a', 2, 'a2')), /after position 4/],
  ['positions run backwards', but('log', 4, 1, event(3, 'a', 2, 'a2')), /after position 4/],
  ['a revision is missing', but('log', 4, 1, event(5, 'a', 3, 'a2')), /after revision 1/],
  [
    'the events of an append have changed places',
    but('log', 1, 2, event(2, 'a', 0, 'a1'), event(3, 'a', 1, 'a0')),
    /not in one piece/,
  ],
  ['an append is not where it was expected', last({ expected: 0 }), /begins as a 2/],
  ['another revision was answered', last({ outcome: written(1, 5) }), /answered with revision 1/],
  ['another position was answered', last({ outcome: written(2, 6) }), /answered with position 6/],
  ['there is what nobody sent', but('appends', 3, 1), /nobody has sent a 2/],
  ['a subscriber misses an event', but('seen', 0, 1, seenBy('all', a0, b0, a2)), /all was handed/],
  [
    'a subscriber is handed one twice',
    but('seen', 0, 1, seenBy('all', a0, a1, a1, b0, a2)),
    /as event 2 a 1/,
  ],
  [
    'a subscriber is handed two in another order',
    but('seen', 0, 1, seenBy('all', a0, b0, a1, a2)),
    /as event 1 b 0/,
  ],
  [
    'a subscriber is handed what is not in the log',
    but('seen', 0, 1, seenBy('all', a0, a1, b0, a2, event(6, 'a', 3, 'gone'))),
    /as event 4 a 3 .* instead of none/,
  ],
])('%s', (_fault, history, told) => {
  expect(faultsOf(history).join('\n')).toMatch(told);
});
