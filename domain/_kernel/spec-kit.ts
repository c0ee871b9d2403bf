import { isDeepStrictEqual } from 'node:util';
import { type Aggregate, fold } from './aggregate.ts';
import type { DomainEvent } from './event.ts';
import { type Decision, isRejection } from './rejection.ts';

/**
 * Given / when / then for decisions:
 *
 *     spec(seating).given(opened).when((state) => holdSeat(state, input)).then(seatHeld);
 *     spec(seating).given(full).when((state) => holdSeat(state, input)).thenRejected('sold-out');
 *
 * Throws an error that shows both sides; no test runner is imported, so it works under any.
 */
export function spec<State, Event extends DomainEvent>(aggregate: Aggregate<State, Event>) {
  return {
    given: (...history: readonly Event[]) => ({
      when: (decide: (state: State) => Decision<Event>) => {
        const decision = decide(fold(aggregate, history));
        refuseWhatCannotBeCopied(aggregate, history, isRejection(decision) ? [] : decision);
        return {
          decision,
          then: (...expected: readonly Event[]): void => {
            if (!isDeepStrictEqual(decision, expected)) {
              throw new Error(`expected ${show(expected)}\nbut it decided ${show(decision)}`);
            }
          },
          thenRejected: (code: string): void => {
            if (!isRejection(decision) || decision.code !== code) {
              throw new Error(`expected the refusal ${code}\nbut it decided ${show(decision)}`);
            }
          },
          /** The state after the decision, for assertions on the fold. */
          state: (): State => {
            if (isRejection(decision))
              throw new Error(`expected events but it refused: ${show(decision)}`);
            return fold(aggregate, [...history, ...decision]);
          },
        };
      },
    }),
  };
}

/**
 * A state may be kept twice, so that events which are not stored yet are folded into one of the two
 * only. So it has to survive a copy, and `evolve` may change the state that it is given, but no event.
 */
function refuseWhatCannotBeCopied<State, Event extends DomainEvent>(
  aggregate: Aggregate<State, Event>,
  history: readonly Event[],
  decided: readonly Event[],
): void {
  const untouched = structuredClone([...history, ...decided]);
  let [original, copy] = [fold(aggregate, history), structuredClone(fold(aggregate, history))];
  for (const event of decided) {
    original = aggregate.evolve(original, event);
    copy = aggregate.evolve(copy, event);
  }
  const alike = isDeepStrictEqual(original, copy);
  if (!alike || !isDeepStrictEqual([...history, ...decided], untouched)) {
    throw new Error(`the fold changes events, or its state is no plain data: ${show(copy)}`);
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
