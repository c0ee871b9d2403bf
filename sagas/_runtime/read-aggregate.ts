import { type Aggregate, fold, streamOf } from '../../domain/_kernel/aggregate.ts';
import type { DomainEvent } from '../../domain/_kernel/event.ts';
import type { EventStore } from '../../platform/event-store/index.ts';

export type LogReader = Pick<EventStore, 'readStream'>;

/**
 * An aggregate as the log has it now. For side effects: before anything leaves the house, the log is
 * asked whether it still should, and what it needs to know is read at that moment and kept nowhere.
 */
export async function readAggregate<State, Event extends DomainEvent>(
  log: LogReader,
  aggregate: Aggregate<State, Event>,
  id: string,
): Promise<State> {
  const events = await log.readStream(streamOf(aggregate, id));
  // The store decodes by the catalogue, which the aggregate's own events are part of.
  return fold(aggregate, events as readonly DomainEvent[] as readonly Event[]);
}
