import type { DomainEvent, EventSet, EventsOf } from './event.ts';

/**
 * An aggregate: what must be decided together, and no more. `evolve` is the fold (it may keep and
 * reuse the state it is given: the owner of the state is the only one who folds it).
 */
export type Aggregate<State, Event extends DomainEvent = DomainEvent> = {
  readonly category: string;
  readonly events: EventSet;
  readonly initial: () => State;
  readonly evolve: (state: State, event: Event) => State;
};

/** The category is that of its events: streams are named after it. */
export function defineAggregate<State, Set extends EventSet>(definition: {
  events: Set;
  initial: () => State;
  evolve: (state: State, event: EventsOf<Set>) => State;
}): Aggregate<State, EventsOf<Set>> {
  return { category: definition.events.category, ...definition };
}

/** `<category>-<id>`: the id may have dashes, the category never has. */
export function streamOf(aggregate: { readonly category: string }, id: string): string {
  return `${aggregate.category}-${id}`;
}

/** Folds a history from the initial state. */
export function fold<State, Event extends DomainEvent>(
  aggregate: Aggregate<State, Event>,
  history: readonly Event[],
): State {
  return history.reduce((state, event) => aggregate.evolve(state, event), aggregate.initial());
}

/** An aggregate whose states and events nobody outside looks into. */
export type OpaqueAggregate = Aggregate<unknown>;

/**
 * Gives up the types of one aggregate, for whoever holds streams of all of them. A stream's name
 * begins with its aggregate's category: what comes back under that name is what that aggregate made.
 */
export function opaqueAggregate<S, E extends DomainEvent>(
  aggregate: Aggregate<S, E>,
): OpaqueAggregate {
  return { ...aggregate, evolve: (state, event) => aggregate.evolve(state as S, event as E) };
}

/** The category of a stream, which is its name up to the first hyphen; '' where there is none. */
export const categoryOf = (stream: string): string =>
  stream.slice(0, Math.max(0, stream.indexOf('-')));
