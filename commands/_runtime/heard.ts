import { categoryOf, type OpaqueAggregate } from '../../domain/_kernel/aggregate.ts';
import type { StoredEvent } from '../../domain/_kernel/event.ts';
import type { Logger } from '../../platform/log/index.ts';
import { emptyStream, foldInto, foldStored, type StreamCache } from './cached-stream.ts';

/**
 * Folds what a process hears of the log into the streams that it has cached, and begins the entries of
 * streams that others begin: who hears of a payment before the first command for it comes has nothing
 * to read. What is heard may be behind the store and never beside it, as all of the cache is: the
 * append at an exact revision, or the tail that is read before a refusal, says what is new.
 *
 * An entry in use is not in the cache, and hears nothing; whoever uses it reads for himself.
 */
export function createHearing(
  cache: StreamCache,
  aggregates: readonly OpaqueAggregate[],
  log: Logger,
): (events: readonly StoredEvent[]) => void {
  const byCategory = new Map(aggregates.map((aggregate) => [aggregate.category, aggregate]));

  const hear = (event: StoredEvent): void => {
    const { stream, revision } = event;
    const aggregate = byCategory.get(categoryOf(stream));
    if (aggregate === undefined) return;
    const known = cache.peek(stream)?.revision ?? -1;
    if (revision !== known + 1) return;
    const entry = cache.take(stream) ?? emptyStream(aggregate);
    foldInto(aggregate, entry, [event]);
    foldStored(aggregate, entry, [event]);
    cache.put(stream, entry);
  };

  return (events) => {
    for (const event of events) {
      try {
        hear(event);
      } catch (error) {
        // The entry is out of the cache: the next command for the stream reads it, and is told why not.
        const { stream, revision } = event;
        log.warn({ err: error, stream, revision }, 'an event that was heard could not be folded');
      }
    }
  };
}
