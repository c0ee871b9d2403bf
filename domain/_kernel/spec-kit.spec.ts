import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineAggregate, streamOf } from './aggregate.ts';
import { defineEvent, defineEvents } from './event.ts';
import { commandTable, defineExamples } from './examples.ts';
import { type Decision, isRejection, rejected } from './rejection.ts';
import { spec } from './spec-kit.ts';

const Barked = defineEvent({ type: 'Barked', summary: 'It barked.', data: { times: z.int() } });
type Event = { type: 'Barked'; data: { times: number } };
type State = { status: 'quiet' | 'loud'; times: number };

const dog = defineAggregate({
  events: defineEvents('dog', [Barked]),
  initial: (): State => ({ status: 'quiet', times: 0 }),
  evolve: (state: State, { data }): State => ({ status: 'loud', times: state.times + data.times }),
});
const barked = (times: number): Event => ({ type: 'Barked', data: { times } });

function bark({ times }: State): Decision<Event> {
  if (times > 2) return rejected('tired', 'It has barked enough.', { times });
  return times > 1 ? [] : [barked(1)];
}

test('a kept promise passes, a broken one throws and shows both sides', () => {
  spec(dog).given(barked(1)).when(bark).then(barked(1));
  spec(dog).given(barked(2)).when(bark).then();
  spec(dog).given(barked(3)).when(bark).thenRejected('tired');
  const one = spec(dog).given(barked(1)).when(bark);
  expect(() => one.then(barked(2))).toThrow(/expected.*2.*decided.*1/s);
  expect(() => one.then()).toThrow(/decided/);
  expect(() => one.thenRejected('tired')).toThrow(/refusal tired/);
});

test('another refusal than the one expected fails', () => {
  const tired = spec(dog).given(barked(3)).when(bark);
  expect(() => tired.thenRejected('asleep')).toThrow(/refusal asleep/);
  expect(() => tired.then()).toThrow(/tired/);
  expect(() => tired.state()).toThrow(/refused/);
});

test('the state after a decision is that of the whole history', () => {
  expect(spec(dog).given(barked(1)).when(bark).state()).toEqual({ status: 'loud', times: 2 });
});

test('a state that is no plain data, and a fold that changes an event, are refused', () => {
  const { events } = dog;
  const withMethods = defineAggregate({
    events,
    initial: () => ({ times: 0, loud: () => true }),
    evolve: (state) => state,
  });
  expect(() =>
    spec(withMethods)
      .given()
      .when(() => []),
  ).toThrow(/could not be cloned/);
  const greedy: typeof dog = {
    ...dog,
    evolve: (state, { data }) => {
      data.times += 1;
      return { ...state, times: state.times + data.times };
    },
  };
  expect(() =>
    spec(greedy)
      .given()
      .when(() => [barked(1)]),
  ).toThrow(/changes events/);
});

test('a refusal is told apart from events and from anything else', () => {
  expect(isRejection(rejected('tired', 'It has barked enough.'))).toBe(true);
  for (const value of [[], [barked(1)], null, undefined, 'rejection', { code: 'tired' }]) {
    expect(isRejection(value)).toBe(false);
  }
});

test('a stream is its category and an id, which may have dashes', () => {
  expect(streamOf(dog, 'a-b')).toBe('dog-a-b');
});

test('the command table has a row per command and a column per situation', () => {
  const examples = defineExamples(dog, {
    statuses: { quiet: [], loud: [barked(2)] },
    situations: { 'loud for long': [barked(3)] },
    commands: { bark },
  });
  expect(commandTable(examples).split('\n')).toEqual([
    '| command | quiet | loud | loud for long |',
    '| --- | --- | --- | --- |',
    '| `bark` | Barked | nothing | *tired* |',
  ]);
});
