import { expect, test } from 'vitest';
import { createWaitingRoom } from './waiting-room.ts';

const entered = (place: (() => void) | null): (() => void) =>
  place ?? expect.fail('there was no place');

test('a client has so many places, whatever others do', () => {
  const room = createWaitingRoom({ perClient: 2, inAll: 10 });
  const first = entered(room.enter('a'));
  entered(room.enter('a'));
  expect(room.enter('a')).toBeNull();
  entered(room.enter('b'));
  first();
  entered(room.enter('a'));
  expect(room.enter('a')).toBeNull();
  expect(room.waiting()).toBe(3);
});

test('many clients together have so many', () => {
  const room = createWaitingRoom({ perClient: 2, inAll: 3 });
  const places = ['a', 'b', 'c'].map((client) => entered(room.enter(client)));
  expect(room.enter('d')).toBeNull();
  places[1]?.();
  entered(room.enter('d'));
});

test('leaving twice gives one place back', () => {
  const room = createWaitingRoom({ perClient: 1, inAll: 2 });
  const leave = entered(room.enter('a'));
  leave();
  leave();
  entered(room.enter('a'));
  expect(room.enter('a')).toBeNull();
  expect(room.waiting()).toBe(1);
});
