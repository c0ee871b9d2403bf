import pg from 'pg';
import { UnknownEventError } from '../../domain/_kernel/catalogue.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { ProjectionDefinition } from './definition.ts';

/**
 * Statement errors that the row itself caused: data exceptions, violated constraints, limits of a
 * row or an index entry. Everything else from Postgres or its socket says nothing about the event:
 * the session ends, and the batch is tried again.
 */
const CAUSED_BY_ROW = /^(22|23|54)/;

/** Errors of the session, by the fact that the client's query threw them. */
export function isPoison(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return CAUSED_BY_ROW.test(error.code ?? '');
  return error instanceof ReducerError;
}

/** A reducer (or the fold of its changes) threw: a fault of the event or of our code, not of the session. */
export class ReducerError extends Error {
  override readonly name = 'ReducerError';
}

/** The cause in one line, as `projection.parked` keeps it. Never the data: it may be personal. */
export function causeOf(error: unknown): string {
  const root = error instanceof ReducerError && error.cause !== undefined ? error.cause : error;
  if (root instanceof pg.DatabaseError) {
    // Postgres quotes the offending value, in `detail` always and in the message sometimes.
    return `Postgres ${root.code ?? ''}: ${root.message.replace(/"[^"]*"/g, '"…"')}`.slice(0, 500);
  }
  return root instanceof Error ? `${root.name}: ${root.message}`.slice(0, 500) : String(root);
}

/** Whether an event has anything to do with a projection. */
export function concerns(definition: ProjectionDefinition, event: DeliveredEvent): boolean {
  if (definition.reducers.has(event.type)) return true;
  return (
    event.poison instanceof UnknownEventError &&
    definition.categories.includes(event.stream.split('-', 1)[0] ?? '')
  );
}

/**
 * The key an event belongs to, and what is wrong with the event already. An event that cannot say
 * its key (it was not decoded, or `keyOf` throws) belongs to its stream.
 */
export function locate(
  definition: ProjectionDefinition,
  event: DeliveredEvent,
): { readonly key: string; readonly fault: unknown } {
  try {
    const key: unknown = definition.keyOf(event);
    if (typeof key === 'string' && key !== '') return { key, fault: event.poison };
    return { key: event.stream, fault: event.poison ?? new ReducerError('keyOf gave no key') };
  } catch (error) {
    return { key: event.stream, fault: event.poison ?? error };
  }
}
