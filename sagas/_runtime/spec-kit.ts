import { isDeepStrictEqual } from 'node:util';
import { uuidv5 } from '../../domain/_kernel/ids.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { SagaDefinition, SagaEffect, SagaInput } from './definition.ts';

const NAMESPACE = '0b6f7d0c-3a0a-5d5e-8d3f-0d6e5f4c3b2a';

/** An event as a saga gets it, decided at a moment. */
export function delivered<E extends { readonly type: string; readonly data: object }>(
  event: E,
  at = '2026-05-01T08:00:00.000Z',
  ordinal = 1,
): E & Omit<DeliveredEvent, 'type' | 'data'> {
  const id = uuidv5(NAMESPACE, JSON.stringify([event, at, ordinal]));
  return {
    ...event,
    ...{ id, ordinal, stream: 'spec-1', revision: ordinal, position: BigInt(ordinal) },
    poison: null,
    metadata: {
      commandId: id,
      inputHash: '',
      $correlationId: id,
      $causationId: id,
      actor: { kind: 'system', id: 'spec' },
      occurredAt: at,
      recordedAt: at,
      schemaVersion: 1,
    },
  };
}

/** A command as a saga wants it. */
export const command = (name: string, params: object, body: object): SagaEffect => ({
  kind: 'command',
  command: name,
  params,
  body,
});

/**
 * Inputs in, exact effects out:
 *
 *     specSaga(holdSeatUntilPaid).given(held, opened).when(succeeded).wants(confirmSeat);
 *
 * Throws an error that shows both sides; no test runner is imported.
 */
export function specSaga<State, E>(saga: SagaDefinition<State, E>) {
  const run = (inputs: readonly SagaInput<E>[]): State =>
    inputs.reduce((state, input) => saga.react(state, input).state, saga.initial);
  return {
    given: (...history: readonly SagaInput<E>[]) => ({
      when: (input: SagaInput<E>) => {
        const before = run(history);
        const frozen = JSON.stringify(before);
        const { effects, state } = saga.react(before, input);
        if (JSON.stringify(before) !== frozen)
          throw new Error('react changed the state it was given');
        // What is stored is JSON: a state that does not survive it is lost at the next input.
        if (!isDeepStrictEqual(JSON.parse(JSON.stringify(state)), state)) {
          throw new Error(`the state is not JSON: ${JSON.stringify(state)}`);
        }
        return {
          state,
          effects,
          wants: (...expected: readonly SagaEffect[]): void => {
            if (!isDeepStrictEqual(effects, expected)) {
              throw new Error(`expected ${show(expected)}\nbut it wants ${show(effects)}`);
            }
          },
        };
      },
    }),
  };
}

const show = (value: unknown): string => JSON.stringify(value, null, 2);
