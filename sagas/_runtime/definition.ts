import type { z } from 'zod';
import type { CommandDefinition } from '../../commands/_runtime/definition.ts';
import type { EventSet, EventsOf } from '../../domain/_kernel/event.ts';
import type { Rejection } from '../../domain/_kernel/rejection.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';

/** What a saga wants done, as data; saved with its state and checkpoint in one transaction. */
export type SagaEffect =
  /** A command of ours. Its id derives from the input that caused it, so a repeat is a no-op. */
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly params: unknown;
      readonly body: unknown;
    }
  /** A timer with a name unique in the instance; scheduling the same name again moves it. */
  | { readonly kind: 'timer'; readonly name: string; readonly at: Instant }
  | { readonly kind: 'cancel-timer'; readonly name: string }
  /** A call to the outside, done at least once under our idempotency key. */
  | {
      readonly kind: 'side-effect';
      readonly effect: string;
      readonly key: string;
      readonly payload: unknown;
    };

export function send<P extends z.ZodObject, B extends z.ZodObject, R extends z.ZodType>(
  command: CommandDefinition<P, B, R>,
  params: z.input<P>,
  body: z.input<B>,
): SagaEffect {
  return { kind: 'command', command: command.name, params, body };
}

/** What moves a saga. */
export type SagaInput<E> =
  | { readonly kind: 'event'; readonly event: E }
  | { readonly kind: 'timer'; readonly name: string; readonly dueAt: Instant }
  /** One of its own commands was refused. */
  | { readonly kind: 'refused'; readonly command: string; readonly rejection: Rejection };

export type Reaction<State> = { readonly state: State; readonly effects: readonly SagaEffect[] };

type Delivered<E> = E & Omit<DeliveredEvent, 'type' | 'data'>;

/** A process manager: a business sentence. Pure: inputs in, state and effects out. */
export type SagaDefinition<State = unknown, E = DeliveredEvent> = {
  /** Kebab-case business sentence: `hold-seat-until-paid`. */
  readonly name: string;
  readonly summary: string;
  /** The event types it listens to. */
  readonly listens: readonly string[];
  /** Which instance an event belongs to (the id it is about); null: not for this saga. */
  readonly instanceOf: (event: E) => string | null;
  readonly initial: State;
  readonly react: (state: State, input: SagaInput<E>) => Reaction<State>;
};

export function defineSaga<State, const Sets extends readonly EventSet[]>(definition: {
  name: string;
  summary: string;
  events: Sets;
  listens: readonly EventsOf<Sets[number]>['type'][];
  instanceOf: (event: Delivered<EventsOf<Sets[number]>>) => string | null;
  initial: State;
  react: (state: State, input: SagaInput<Delivered<EventsOf<Sets[number]>>>) => Reaction<State>;
}): SagaDefinition<State, Delivered<EventsOf<Sets[number]>>> {
  const { events: _events, ...rest } = definition;
  return rest;
}

/** Does one kind of side effect. It may be called again with the same key after a crash. */
export type SideEffectHandler = (effect: {
  readonly key: string;
  readonly payload: unknown;
  readonly attempt: number;
  readonly signal: AbortSignal;
}) => Promise<void>;
