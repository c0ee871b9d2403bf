import { UnknownEventError } from '../../domain/_kernel/catalogue.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { ProjectionDefinition } from './definition.ts';

/**
 * Statement errors that the row itself caused: data exceptions, violated constraints, limits of a
 * row or an index entry. Everything else from Postgres or its socket says nothing about the event:
 * the session ends, and the batch is tried again.
 */
const CAUSED_BY_ROW = /^(22|23|54)/;

/** The SQLSTATE of an error that Postgres sent; null for every other error. */
export function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** Whether the event is to blame, and not the session. */
export function isPoison(error: unknown): boolean {
  return error instanceof ReducerError || CAUSED_BY_ROW.test(sqlStateOf(error) ?? '');
}

/** A reducer (or the fold of its changes) threw: a fault of the event or of our code, not of the session. */
export class ReducerError extends Error {
  override readonly name = 'ReducerError';
}

/** The cause in one line, as `projection.parked` keeps it. Never the data: it may be personal. */
export function causeOf(error: unknown): string {
  const root = error instanceof ReducerError && error.cause !== undefined ? error.cause : error;
  if (!(root instanceof Error)) return String(root);
  const state = sqlStateOf(root);
  if (state === null) return keptCause(`${root.name}: ${root.message}`);
  // Postgres quotes the offending value, in `detail` always and in the message sometimes.
  return keptCause(`Postgres ${state}: ${root.message.replace(/"[^"]*"/g, '"…"')}`);
}

/**
 * As much of a cause as is kept, as Postgres can hold it: whoever cannot write down why cannot park,
 * and would stand still. Cut first: the cut may leave half a character.
 */
export const keptCause = (text: string): string =>
  text.slice(0, 500).toWellFormed().replaceAll('\0', '\uFFFD');

/** As long as a stream may be named. An entry of the index by key takes 2704, projection and version among them. */
const MOST_KEY_BYTES = 2048;

const canBeKept = (key: string): boolean =>
  key.isWellFormed() && !key.includes('\0') && Buffer.byteLength(key) <= MOST_KEY_BYTES;

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
 * its key (it was not decoded, or `keyOf` throws, or gives what no key can be) belongs to its stream.
 */
export function locate(
  definition: ProjectionDefinition,
  event: DeliveredEvent,
): { readonly key: string; readonly fault: unknown } {
  try {
    const key: unknown = definition.keyOf(event);
    const fits = typeof key === 'string' && key !== '' && canBeKept(key);
    if (fits) return { key, fault: event.poison };
    return { key: event.stream, fault: event.poison ?? new ReducerError('keyOf gave no key') };
  } catch (error) {
    return { key: event.stream, fault: event.poison ?? error };
  }
}
