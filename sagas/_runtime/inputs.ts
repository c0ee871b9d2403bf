import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { Queryable } from '../../platform/postgres/index.ts';
import type { SagaDefinition, SagaInput } from './definition.ts';
import type { Origin } from './react.ts';

/** How a parked input is found again. Events are named, not copied: they stay in the log only. */
export type ParkedInput =
  | {
      readonly kind: 'event';
      readonly id: string;
      readonly type: string;
      readonly stream: string;
      readonly revision: number;
      readonly ordinal: number;
    }
  | {
      readonly kind: 'timer';
      readonly id: string;
      readonly name: string;
      readonly dueAt: string;
      readonly correlationId: string;
    }
  | {
      readonly kind: 'refused';
      readonly id: string;
      readonly correlationId: string;
      readonly refusal: Omit<Extract<SagaInput<never>, { kind: 'refused' }>, 'kind'>;
    };

/** Something that moves one instance of one saga. */
export type InstanceInput = {
  readonly saga: SagaDefinition;
  readonly instance: string;
  readonly origin: Origin;
  /** The input, or why it cannot be taken. */
  readonly input: SagaInput<DeliveredEvent> | Error;
  readonly reference: ParkedInput;
};

/** Any connection that is inside a transaction. */
export type Session = Queryable;

export const instanceKey = (saga: string, instance: string): string => `${saga}|${instance}`;

const wordOf = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));

/** The inputs that an event is: one for each saga that listens to it and finds an instance for it. */
export function inputsOf(
  event: DeliveredEvent,
  sagas: ReadonlyMap<string, readonly SagaDefinition[]>,
): InstanceInput[] {
  return (sagas.get(event.type) ?? []).flatMap((saga) => {
    const { instance, trouble } = instanceOf(saga, event);
    if (instance === null) return [];
    const { id, type, stream, revision, ordinal } = event;
    return {
      saga,
      instance,
      origin: { id, ordinal, correlationId: correlationOf(event) },
      input: trouble ?? { kind: 'event' as const, event },
      reference: { kind: 'event' as const, id, type, stream, revision, ordinal },
    };
  });
}

/**
 * An event that could not be decoded still names its instance, as a rule: ids are never the part
 * that is wrong. Where they are, it is parked under its stream.
 */
function instanceOf(
  saga: SagaDefinition,
  event: DeliveredEvent,
): { instance: string | null; trouble: Error | null } {
  try {
    const instance: unknown = saga.instanceOf(event);
    if (instance === null && event.poison === null) return { instance: null, trouble: null };
    if (typeof instance === 'string') return { instance, trouble: event.poison };
    return { instance: `stream:${event.stream}`, trouble: event.poison };
  } catch (error) {
    return { instance: `stream:${event.stream}`, trouble: event.poison ?? wordOf(error) };
  }
}

/** Raw metadata of a poison event may lack everything. */
function correlationOf(event: DeliveredEvent): string {
  const metadata: Partial<DeliveredEvent['metadata']> | null = event.metadata;
  return metadata?.$correlationId ?? event.id;
}

/** Which sagas listen to an event type. */
export function listenersOf(
  definitions: readonly SagaDefinition[],
): ReadonlyMap<string, readonly SagaDefinition[]> {
  const listeners = new Map<string, SagaDefinition[]>();
  for (const definition of definitions) {
    for (const type of definition.listens) {
      listeners.set(type, [...(listeners.get(type) ?? []), definition]);
    }
  }
  return listeners;
}
