import { expect, test } from 'vitest';
import { spec } from '../_kernel/spec-kit.ts';
import { release, reserve } from './decide.ts';
import { made, madeByOther } from './examples.ts';
import { type ReservationState, reservation } from './state.ts';

const own = { kind: 'email', ownerId: 'mem_own' } as const;
const ask = (staleOwner: boolean) => (state: ReservationState) =>
  reserve(state, { ...own, staleOwner });
const giveBack = (state: ReservationState) => release(state, own);
const releasedByOther = { type: 'ReservationReleased', data: madeByOther.data } as const;
const released = { type: 'ReservationReleased', data: own } as const;

test('a free value is had by who asks first', () => {
  const { then, state } = spec(reservation).given().when(ask(false));
  then(made);
  expect(state().owner).toBe('mem_own');
});

test('the owner asking again gets nothing new', () => {
  spec(reservation).given(made).when(ask(false)).then();
  spec(reservation).given(made).when(ask(true)).then();
});

test('another owner is refused, and not told whose it is', () => {
  const { decision } = spec(reservation).given(madeByOther).when(ask(false));
  expect(decision).toMatchObject({ code: 'taken' });
  expect(JSON.stringify(decision)).not.toContain('mem_other');
});

test('an owner who never finished gives way, in one append', () => {
  const { then, state } = spec(reservation).given(madeByOther).when(ask(true));
  then(releasedByOther, made);
  expect(state().owner).toBe('mem_own');
});

test('only the owner releases, and once', () => {
  spec(reservation).given(made).when(giveBack).then(released);
  spec(reservation).given(made, released).when(giveBack).then();
  spec(reservation).given(madeByOther).when(giveBack).then();
});

test('what was released can be had by another', () => {
  spec(reservation).given(madeByOther, releasedByOther).when(ask(false)).then(made);
});
