import type { Logger } from '../../platform/log/index.ts';
import type { Pool } from '../../platform/postgres/index.ts';
import type { ProjectionDefinition } from './definition.ts';
import type { Group } from './member.ts';
import { giveUpRebuild, openRebuilds, prepareShadow, type Rebuild, shadowOf } from './rebuild.ts';

/**
 * Starts the rebuilds that were asked for of projections that this process runs, and ends those that
 * are done or whose projection another process runs by now. To be called every so often.
 */
export function tendRebuilds(options: {
  pool: Pool;
  groups: () => readonly Group[];
  /** Runs a projection in a group of its own; it is merged once it has caught up. */
  add: (shadow: ProjectionDefinition) => void;
  remove: (group: Group) => Promise<void>;
  log: Logger;
}): () => Promise<void> {
  const { pool, groups, add, remove, log } = options;

  /** Those of which this process holds the lock. */
  const ours = (): ProjectionDefinition[] =>
    groups()
      .flatMap((group) => group.session()?.members ?? [])
      .map(({ definition }) => definition)
      .filter(({ rebuilds }) => rebuilds === undefined);

  const shadows = () =>
    groups().flatMap((group) =>
      group.definitions.flatMap((shadow) => {
        const original = shadow.rebuilds;
        return original === undefined ? [] : [{ group, shadow, original }];
      }),
    );

  const tidy = async (open: readonly Rebuild[]): Promise<void> => {
    for (const { group, shadow, original } of shadows()) {
      const alone = group.definitions.length === 1;
      const members = group.session()?.members;
      // Finished, it is no member any more; and another may have been asked for since.
      const finished = members?.every(({ definition }) => definition !== shadow) === true;
      const wanted = !finished && open.some((one) => isOf(one, original));
      // Whoever runs the projection has to have the shadow's lock, too.
      if (alone && !(wanted && ours().includes(original))) await remove(group);
      else if (!wanted) group.drop(shadow);
    }
  };

  const begin = async (rebuild: Rebuild): Promise<void> => {
    const definition = ours().find(({ name }) => name === rebuild.projection);
    if (definition === undefined) return;
    if (!isOf(rebuild, definition)) {
      const trouble = `v${rebuild.version} is not run any more, v${definition.version} is`;
      return giveUpRebuild(pool, rebuild.id, trouble);
    }
    if (shadows().some(({ original }) => original === definition)) return;
    const shadow = shadowOf(definition);
    await prepareShadow(pool, shadow);
    log.info({ projection: definition.name }, 'building it again, beside what queries read');
    add(shadow);
  };

  return async () => {
    const open = await openRebuilds(pool);
    await tidy(open);
    for (const rebuild of open) await begin(rebuild);
  };
}

const isOf = (rebuild: Rebuild, { name, version }: ProjectionDefinition): boolean =>
  rebuild.projection === name && rebuild.version === version;
