import type { DomainEvent, EventMetadata } from '../../domain/_kernel/event.ts';
import { eventIdOf, PAWPRINT_NAMESPACE, uuidv5 } from '../../domain/_kernel/ids.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import type { ProjectionDefinition } from './definition.ts';
import { foldChanges, writtenBy } from './fold.ts';
import { keyText } from './rows.ts';
import { changesOf } from './statements.ts';
import type { AnyRow, AnyTable, RowOf } from './table.ts';

/** The first event of a spec happens here; each later one a second after. */
const START = Date.parse('2026-05-01T08:00:00.000Z');

export const instantOf = (ordinal: number): string =>
  new Date(START + (ordinal - 1) * 1000).toISOString();

/** An event, and the stream it stands in. */
export type Told = readonly [stream: string, event: DomainEvent];

/**
 * Events as a consumer delivers them, out of `[stream, { type, data }]` pairs: ordinals from 1,
 * revisions counted per stream.
 */
export function deliver(...events: readonly Told[]): DeliveredEvent[] {
  const revisions = new Map<string, number>();
  return events.map(([stream, event], index): DeliveredEvent => {
    const ordinal = index + 1;
    const revision = revisions.get(stream) ?? 0;
    revisions.set(stream, revision + 1);
    const commandId = uuidv5(PAWPRINT_NAMESPACE, `spec ${ordinal}`);
    const metadata: EventMetadata = {
      commandId,
      inputHash: 'spec',
      $correlationId: commandId,
      $causationId: commandId,
      actor: { kind: 'person', id: 'mem_00000000000000000000000001' },
      occurredAt: instantOf(ordinal),
      recordedAt: instantOf(ordinal),
      schemaVersion: 1,
    };
    const id = eventIdOf(commandId, 'spec', 0);
    const position = BigInt(ordinal * 100);
    return { ...event, id, stream, revision, position, metadata, ordinal, poison: null };
  });
}

export type RowsOf = {
  /** The rows of a table, ordered by key. */
  of<T extends AnyTable>(table: T): RowOf<T>[];
};

/** Given events, what rows there are: the runtime's own fold, without a database. */
export function rowsAfter(
  definition: ProjectionDefinition,
  events: readonly DeliveredEvent[],
): RowsOf {
  const rows = new Map<AnyTable, Map<string, AnyRow>>();
  for (const event of events) {
    for (const writes of foldChanges(changesOf(definition, [event]), rows)) {
      const { table, deletes } = writes;
      const present = rows.get(table) ?? new Map<string, AnyRow>();
      rows.set(table, present);
      for (const key of deletes) present.delete(keyText(table, key));
      for (const row of writtenBy(writes)) present.set(keyText(table, row), row);
    }
  }
  return {
    of: <T extends AnyTable>(table: T) =>
      [...(rows.get(table) ?? [])]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, row]) => row as RowOf<T>),
  };
}
