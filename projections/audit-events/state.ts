import { aggregates } from '../../domain/_aggregates.ts';
import { categoryOf } from '../../domain/_kernel/aggregate.ts';
import type { DomainEvent } from '../../domain/_kernel/event.ts';
import { ImpossibleHistoryError } from '../../domain/_kernel/history.ts';

type Json = Readonly<Record<string, unknown>>;

export type StateFold = {
  add(event: DomainEvent & { readonly revision: number }): void;
  /** The state as JSON, or the event that could not follow; `state` is then the one before it. */
  result(): { readonly state: Json; readonly fault: string | null };
};

/**
 * The same fold as commands decide on, over what the audit history keeps: personal values read
 * `[personal]` in the state too. A history that cannot be is told and not thrown, for it is what an
 * auditor looks for. Undefined for a stream of no aggregate.
 */
export function stateFold(stream: string): StateFold | undefined {
  const aggregate = aggregates.get(categoryOf(stream));
  if (aggregate === undefined) return undefined;
  let state = aggregate.initial();
  let fault: string | null = null;
  return {
    add(event) {
      if (fault !== null) return;
      try {
        state = aggregate.evolve(state, event);
      } catch (error) {
        if (!(error instanceof ImpossibleHistoryError)) throw error;
        fault = `revision ${event.revision}: ${error.message}`;
      }
    },
    result: () => ({ state: toJson(state) as Json, fault }),
  };
}

/** Maps become objects, sets become lists: JSON has neither. */
function toJson(value: unknown): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, inner]) => [String(key), toJson(inner)]));
  }
  if (value instanceof Set || Array.isArray(value)) return [...value].map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJson(inner)]));
}
