import { catalogue } from '../../domain/_catalogue.ts';
import type { Catalogue } from '../../domain/_kernel/catalogue.ts';
import type { PersonalPath } from '../../domain/_kernel/personal.ts';
import type { DeliveredEvent } from '../../platform/consumer/types.ts';
import { insert, type ProjectionDefinition, type RowChange } from '../_runtime/definition.ts';
import { auditEvents } from './table.ts';

type Json = Readonly<Record<string, unknown>>;

/** The same before and after an erasure, so that a rebuild is equal. */
export const PERSONAL = '[personal]';

/** The data with every personal value replaced, whether the person was erased or not. */
export const withoutPersonal = (data: Json, fields: readonly PersonalPath[]): Json =>
  replacePersonal(data, fields, PERSONAL);

/** The data with something else in the place of every personal value. */
export function replacePersonal(
  data: Json,
  fields: readonly PersonalPath[],
  by: typeof PERSONAL | null,
): Json {
  return fields.reduce((rest, { path }) => replace(rest, path, by), data);
}

function replace(data: Json, [head, ...rest]: readonly string[], by: string | null): Json {
  if (head === undefined || !(head in data)) return data;
  if (rest.length === 0) return { ...data, [head]: by };
  const inner = data[head];
  return typeof inner === 'object' && inner !== null
    ? { ...data, [head]: replace(inner as Json, rest, by) }
    : data;
}

const idIn = (data: Json, name: string): string | null => {
  const value = data[name];
  return typeof value === 'string' ? value : null;
};

function record(event: DeliveredEvent, fields: readonly PersonalPath[]): RowChange[] {
  const { metadata } = event;
  const data = event.data as Json;
  return [
    insert(auditEvents, {
      ordinal: event.ordinal,
      event_id: event.id,
      type: event.type,
      stream: event.stream,
      revision: event.revision,
      schema_version: metadata.schemaVersion,
      actor_kind: metadata.actor.kind,
      actor_id: metadata.actor.id,
      command_id: metadata.commandId,
      correlation_id: metadata.$correlationId,
      causation_id: metadata.$causationId,
      occurred_at: metadata.occurredAt,
      recorded_at: metadata.recordedAt,
      activity_id: idIn(data, 'activityId'),
      enrollment_id: idIn(data, 'enrollmentId'),
      member_id: idIn(data, 'memberId'),
      payment_id: idIn(data, 'paymentId'),
      data: withoutPersonal(data, fields),
    }),
  ];
}

/**
 * Rows keep data in the newest version there was when they were written, and the state of a stream is
 * folded from them: every new version of an event has to rebuild them. Raise the first number for
 * another reason.
 */
export const versionFor = ({ types }: Pick<Catalogue, 'types'>): number =>
  [...types.values()].reduce((sum, event) => sum + event.version - 1, 1);

/** Listens to everything there is, so its reducers come from the catalogue. */
export const auditEventsProjection: ProjectionDefinition = {
  name: 'audit-events',
  version: versionFor(catalogue),
  question: 'What happened, who did it, and what led to it?',
  tables: [auditEvents],
  categories: catalogue.sets.map((set) => set.category),
  keyOf: (event) => event.stream,
  reducers: new Map(
    [...catalogue.types].map(([type, { personal }]) => [
      type,
      (event: DeliveredEvent) => record(event, personal),
    ]),
  ),
};
