import { uuidv5 } from '../../domain/_kernel/ids.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { SagaDefinition, SagaEffect, SagaInput } from './definition.ts';

/** Where an input comes from: what it causes derives its ids from this. */
export type Origin = {
  /** A UUID: of the event, the timer, or the refused outbox row. */
  readonly id: string;
  readonly correlationId: string;
  /** Events only. */
  readonly ordinal: number | null;
};

export type OutboxEntry = {
  readonly id: string;
  readonly saga: string;
  readonly instance: string;
  readonly kind: 'command' | 'side-effect';
  readonly name: string;
  readonly key: string;
  readonly lane: string;
  readonly payload: unknown;
  readonly cause: string;
  readonly correlationId: string;
};

export type TimerChange = {
  readonly saga: string;
  readonly instance: string;
  readonly name: string;
  /** Null: the timer is called off. */
  readonly at: Instant | null;
  readonly id: string;
  readonly correlationId: string;
};

export type Reacted = {
  readonly state: unknown;
  readonly outbox: readonly OutboxEntry[];
  readonly timers: readonly TimerChange[];
};

/** All commands of an instance share a lane; side effects have one for each name. */
const COMMANDS_LANE = 'commands';

/**
 * One reaction, with ids: the n-th effect of an input has the same id however often it is computed,
 * which makes a repeated command a no-op and a repeated row the same row.
 */
export function reactTo(
  saga: SagaDefinition,
  instance: string,
  state: unknown,
  input: SagaInput<DeliveredEvent>,
  origin: Origin,
): Reacted {
  const reaction = saga.react(state, input);
  const outbox: OutboxEntry[] = [];
  const timers: TimerChange[] = [];
  const of = { saga: saga.name, instance, correlationId: origin.correlationId };
  for (const [index, effect] of reaction.effects.entries()) {
    const id = uuidv5(origin.id, `${saga.name}:${index}`);
    if (effect.kind === 'timer') {
      timers.push({ ...of, id, name: effect.name, at: effect.at });
    } else if (effect.kind === 'cancel-timer') {
      timers.push({ ...of, id, name: effect.name, at: null });
    } else {
      outbox.push({ ...of, id, ...rowOf(effect, id), cause: origin.id });
    }
  }
  return { state: reaction.state, outbox, timers };
}

function rowOf(
  effect: Extract<SagaEffect, { kind: 'command' | 'side-effect' }>,
  id: string,
): Pick<OutboxEntry, 'kind' | 'name' | 'key' | 'lane' | 'payload'> {
  if (effect.kind === 'command') {
    const { kind, command, params, body } = effect;
    return { kind, name: command, key: id, lane: COMMANDS_LANE, payload: { params, body } };
  }
  const { kind, effect: name, key, payload } = effect;
  return { kind, name, key, lane: name, payload };
}

/** How an input is called in lists: `PaymentSucceeded`, `timer:hold-ends`, `refused:confirm-seat`. */
export function labelOf(input: SagaInput<DeliveredEvent>): string {
  switch (input.kind) {
    case 'event':
      return input.event.type;
    case 'timer':
      return `timer:${input.name}`;
    case 'refused':
      return `refused:${input.command}`;
  }
}
