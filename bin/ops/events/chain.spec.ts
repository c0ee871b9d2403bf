import { expect, it } from 'vitest';
import { chainOf, type Link } from './chain.ts';

const link = (id: string, causationId: string, ordinal: number): Link => ({
  ...{ id, causationId, ordinal, type: 'T', stream: 's', revision: ordinal },
});
// A command made a and b; a led to c, c to d; e followed from a timer.
const all = [
  link('a', 'command', 1),
  link('b', 'command', 2),
  link('c', 'a', 3),
  link('d', 'c', 4),
  link('e', 'timer', 5),
  link('f', 'a', 6),
];

it('goes back to the beginning, and down to everything that followed', () => {
  const [a, , c, d] = all as [Link, Link, Link, Link];
  expect(chainOf(a, all)).toMatchObject({
    causes: [],
    began: 'command',
    effects: [
      { id: 'c', depth: 1 },
      { id: 'd', depth: 2 },
      { id: 'f', depth: 1 },
    ],
  });
  expect(chainOf(d, all)).toEqual({ causes: [c, a], began: 'command', effects: [] });
});

it('ends in a log whose causes go round in a circle', () => {
  const round = [link('x', 'y', 1), link('y', 'x', 2)] as const;
  const { causes, effects } = chainOf(round[0], round);
  expect(causes.map(({ id }) => id)).toEqual(['y', 'x']);
  expect(effects.map(({ id }) => id)).toEqual(['y']);
});
