import type { EventDefinition, EventSet } from './event.ts';

/** All events of the platform: what may stand in the log. */
export type Catalogue = {
  readonly sets: readonly EventSet[];
  readonly types: ReadonlyMap<string, EventDefinition & { readonly category: string }>;
};

/** Throws when two events have one type: a stored event must say by its type alone what it is. */
export function buildCatalogue(sets: readonly EventSet[]): Catalogue {
  const types = new Map<string, EventDefinition & { category: string }>();
  for (const set of sets) {
    for (const definition of set.definitions) {
      if (types.has(definition.type))
        throw new TypeError(`two events are called ${definition.type}`);
      types.set(definition.type, { ...definition, category: set.category });
    }
  }
  return { sets, types };
}

/** An event of a type or version that this release does not know: never skipped silently. */
export class UnknownEventError extends Error {
  override readonly name = 'UnknownEventError';
}

/** Stored data that does not fit its schema, with where and why. */
export class UndecodableEventError extends Error {
  override readonly name = 'UndecodableEventError';
}

/**
 * The one decode path: data of any version ever written → the newest version, checked.
 * Personal values must already be in the clear (or `null` where the person was erased).
 */
export function decodeData(
  catalogue: Catalogue,
  type: string,
  version: number,
  data: unknown,
): Record<string, unknown> {
  const definition = catalogue.types.get(type);
  if (definition === undefined) {
    throw new UnknownEventError(`event type ${type} is not in this release's catalogue`);
  }
  if (version > definition.version) {
    throw new UnknownEventError(
      `${type} v${version} is newer than v${definition.version}, which this release knows`,
    );
  }
  let current = data as Record<string, unknown>;
  for (let v = version; v < definition.version; v += 1) {
    const upcast = definition.upcasters[v];
    if (upcast === undefined) throw new UnknownEventError(`${type} v${v} has no upcaster`);
    current = upcast(current);
  }
  const result = definition.schema.safeParse(current);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new UndecodableEventError(
      `${type} v${version} does not fit its schema at /${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'unknown'}`,
    );
  }
  return result.data as Record<string, unknown>;
}
