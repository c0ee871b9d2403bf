import type { z } from 'zod';
import type { CommandDefinition } from '../../commands/_runtime/definition.ts';
import type { EventSet, EventsOf } from '../../domain/_kernel/event.ts';
import type { Rejection } from '../../domain/_kernel/rejection.ts';
import type { Instant } from '../../domain/_kernel/time.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';

/**
 * What a saga wants done, as data; saved with its state and checkpoint in one transaction.
 *
 * Commands of one instance are executed in the order in which they were wanted, and so are the side
 * effects of one name. Nothing else is ordered: what must follow something reacts to its event.
 */
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
  /** A call to the outside, done at least once under our idempotency key; once per key. */
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
  /** One of its own commands was refused; `params` and `body` say which. */
  | {
      readonly kind: 'refused';
      readonly command: string;
      readonly params: unknown;
      readonly body: unknown;
      readonly rejection: Rejection;
    };

export type Reaction<State> = { readonly state: State; readonly effects: readonly SagaEffect[] };

type Delivered<E> = E & Omit<DeliveredEvent, 'type' | 'data'>;

/** The events of these sets that have one of these types, as a saga gets them. */
export type Heard<Sets extends readonly EventSet[], Type extends string> = Delivered<
  Extract<EventsOf<Sets[number]>, { readonly type: Type }>
>;

/**
 * A process manager: a business sentence. Pure: inputs in, state and effects out. The state is JSON
 * and holds no personal data (ids, instants, amounts).
 *
 * `instanceOf` and `react` are methods, so that sagas of different states stand in one list; the
 * runtime gives each saga its own states and the events it listens to, nothing else.
 */
export type SagaDefinition<State = unknown, E = DeliveredEvent> = {
  /** Kebab-case business sentence: `hold-seat-until-paid`. */
  readonly name: string;
  readonly summary: string;
  /** The event types it listens to. */
  readonly listens: readonly string[];
  readonly initial: State;
  /** Which instance an event belongs to (the id it is about); null: not for this saga. */
  instanceOf(event: E): string | null;
  react(state: State, input: SagaInput<E>): Reaction<State>;
};

export function defineSaga<
  State,
  const Sets extends readonly EventSet[],
  const Type extends EventsOf<Sets[number]>['type'],
>(definition: {
  name: string;
  summary: string;
  /** The event sets it listens to; only named so that `react` is typed. */
  events: Sets;
  listens: readonly Type[];
  instanceOf: (event: Heard<Sets, Type>) => string | null;
  initial: State;
  react: (state: State, input: SagaInput<Heard<Sets, Type>>) => Reaction<State>;
}): SagaDefinition<State, Heard<Sets, Type>> {
  const { events: _events, ...rest } = definition;
  return rest;
}

/** A kind of side effect: its name, what it is told, and the key that tells two of them apart. */
export type SideEffect<Payload extends z.ZodType = z.ZodType> = {
  readonly name: string;
  readonly payload: Payload;
};

export function defineSideEffect<Payload extends z.ZodType>(
  definition: SideEffect<Payload>,
): SideEffect<Payload> {
  return definition;
}

/** Wants a side effect. The payload names things by their ids: it holds no personal data. */
export function cause<Payload extends z.ZodType>(
  effect: SideEffect<Payload>,
  key: string,
  payload: z.input<Payload>,
): SagaEffect {
  return { kind: 'side-effect', effect: effect.name, key, payload };
}

/** What a handler is given. */
export type SideEffectCall<Payload = unknown> = {
  readonly key: string;
  readonly payload: Payload;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Aborted when the lease is lost or the process stops: whatever is left undone is tried again. */
  readonly signal: AbortSignal;
  /**
   * Sends a command with what came of the effect. Its id derives from the effect and the input, so
   * that a repeated attempt that saw the same sends the same command. Throws as the bus does.
   */
  send(command: { readonly name: string }, params: unknown, body: unknown): Promise<void>;
};

/**
 * Does one kind of side effect. It may be called again with the same key after a crash, and after
 * the saga tables were lost it is called for effects of long ago: it asks the log (or the other
 * side) first whether the effect is still due. An error whose `retry` is `never` ends the attempts.
 */
export type SideEffectHandler = (call: SideEffectCall) => Promise<void>;

export function handle<Payload extends z.ZodType>(
  effect: SideEffect<Payload>,
  perform: (call: SideEffectCall<z.output<Payload>>) => Promise<void>,
): Readonly<Record<string, SideEffectHandler>> {
  return {
    [effect.name]: (call) => perform({ ...call, payload: effect.payload.parse(call.payload) }),
  };
}
