import type { ProjectionDefinition } from './definition.ts';
import type { Group } from './member.ts';
import { keptCause } from './poison.ts';

/** In trouble for as long as this it has failed; a session that is opened again is no failure. */
const FAILED_AFTER_MS = 5000;

export type FailureNews = {
  readonly definition: ProjectionDefinition;
  /** Null: it has not failed, or not any more. */
  readonly cause: string | null;
};

/** Says, each time it is asked, which of them have failed, and which are found well since they had not been. */
export function watchFailures(
  groups: () => readonly Group[],
  now: () => number = Date.now,
): () => FailureNews[] {
  const since = new Map<ProjectionDefinition, number>();
  const well = new Set<ProjectionDefinition>();

  const newsOf = (definition: ProjectionDefinition, group: Group): FailureNews[] => {
    // Who runs it elsewhere tells.
    if (group.standby()) return [];
    const { phase, trouble } = group.consumer.health();
    if (trouble !== null) {
      well.delete(definition);
      const begun = since.get(definition) ?? now();
      since.set(definition, begun);
      return now() - begun < FAILED_AFTER_MS ? [] : [{ definition, cause: keptCause(trouble) }];
    }
    since.delete(definition);
    const applies = phase === 'live' || phase === 'catching-up';
    if (!applies || well.has(definition)) return [];
    well.add(definition);
    return [{ definition, cause: null }];
  };

  return () =>
    groups().flatMap((group) =>
      group.definitions.flatMap((definition) => newsOf(definition, group)),
    );
}
