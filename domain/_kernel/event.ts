import { z } from 'zod';
import { type PersonalPath, personalPaths } from './personal.ts';
import { instantSchema } from './time.ts';

/** What an event says about itself beside its data. None of it may carry personal data. */
export const actorSchema = z.strictObject({
  /** Members and staff are people, `saga` and `system` are us, `stripe` is the outside. */
  kind: z.enum(['person', 'saga', 'system', 'stripe', 'anonymous']),
  id: z.string(),
});
export type Actor = z.infer<typeof actorSchema>;

export const metadataSchema = z.object({
  commandId: z.uuid(),
  /** Keyed hash of command and input: the same key with another input is told apart (422). */
  inputHash: z.string(),
  $correlationId: z.string(),
  $causationId: z.string(),
  actor: actorSchema,
  /** When it happened in the world. */
  occurredAt: instantSchema,
  /** When we decided it; the store's own timestamp changes when a log is moved. */
  recordedAt: instantSchema,
  schemaVersion: z.int().min(1),
  traceparent: z.string().optional(),
});
export type EventMetadata = z.infer<typeof metadataSchema>;

/** An event as the domain decides it: `{ type, data }`. */
export type DomainEvent<Type extends string = string, Data = unknown> = {
  readonly type: Type;
  readonly data: Data;
};

/** An event as it was stored. Positions and revisions are those of the log. */
export type StoredEvent<E extends DomainEvent = DomainEvent> = E & {
  readonly id: string;
  readonly stream: string;
  /** The event's number in its stream, from 0. */
  readonly revision: number;
  /** The event's place in `$all`: only for comparing and resuming, never public. */
  readonly position: bigint;
  readonly metadata: EventMetadata;
};

/** Turns data of one version into data of the next. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

export type EventDefinition<Type extends string = string, Schema extends z.ZodType = z.ZodType> = {
  readonly type: Type;
  readonly version: number;
  readonly summary: string;
  readonly schema: Schema;
  /** `upcasters[n]` turns version n into n + 1; one for each version below the newest. */
  readonly upcasters: Readonly<Record<number, Upcaster>>;
  readonly personal: readonly PersonalPath[];
};

/**
 * Declares an event: its newest schema, and an upcaster for each version before it. `data` must be
 * a strict object, so that nothing travels in events that nobody declared.
 */
export function defineEvent<const Type extends string, Shape extends z.ZodRawShape>(definition: {
  type: Type;
  summary: string;
  data: Shape;
  version?: number;
  upcasters?: Readonly<Record<number, Upcaster>>;
}): EventDefinition<Type, z.ZodObject<Shape, z.core.$strict>> {
  const { type, summary, version = 1, upcasters = {} } = definition;
  const schema = z.strictObject(definition.data);
  for (let v = 1; v < version; v += 1) {
    if (upcasters[v] === undefined)
      throw new TypeError(`${type} v${version} lacks the upcaster from v${v}`);
  }
  const personalFields = personalPaths(schema);
  for (const { mark } of personalFields) {
    if (!(mark.subject in definition.data)) {
      throw new TypeError(
        `${type}: personal data names the field "${mark.subject}" as its person, which is not there`,
      );
    }
  }
  return { type, version, summary, schema, upcasters, personal: personalFields };
}

/** The `{ type, data }` of one definition. */
export type EventOf<D> =
  D extends EventDefinition<infer Type, infer Schema> ? DomainEvent<Type, z.output<Schema>> : never;

/** The events of an aggregate: `defineEvents('seating', [SeatHeld, …])`. */
export type EventSet<Definitions extends readonly EventDefinition[] = readonly EventDefinition[]> =
  {
    /** The stream category: streams are `<category>-<id>`. */
    readonly category: string;
    readonly definitions: Definitions;
  };

/** Throws for a category that is not lower-case letters: a dash would end it in a stream name. */
export function defineEvents<const Definitions extends readonly EventDefinition[]>(
  category: string,
  definitions: Definitions,
): EventSet<Definitions> {
  if (!/^[a-z]+$/.test(category))
    throw new TypeError(`category "${category}": lower-case letters only, no dash`);
  return { category, definitions };
}

/** The union of an event set's events. */
export type EventsOf<S> = S extends EventSet<infer D> ? EventOf<D[number]> : never;
