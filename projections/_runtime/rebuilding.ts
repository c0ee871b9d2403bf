import type { Logger } from '../../platform/log/index.ts';
import type { Pool } from '../../platform/postgres/index.ts';
import { requestDueAudit } from './audit.ts';
import { compareTables, type Findings } from './compare.ts';
import type { ProjectionDefinition } from './definition.ts';
import type { Group } from './member.ts';
import { causeOf } from './poison.ts';
import {
  finishComparison,
  giveUpRebuild,
  makeMissingTables,
  openRebuilds,
  prepareShadow,
  type Rebuild,
  shadowOf,
} from './rebuild.ts';

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
  /** How often each is compared with the log by itself; null: never. */
  auditEveryMs: number | null;
  log: Logger;
}): { tend(): Promise<void>; stop(): Promise<void> } {
  const { pool, groups, add, remove, auditEveryMs, log } = options;

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

  /** One whose table is gone has a session for moments only, and cannot go on before it is there. */
  const mend = async (rebuild: Rebuild): Promise<void> => {
    if (rebuild.kind !== 'rebuild' || rebuild.startedAt !== null) return;
    const definition = groups()
      .filter((group) => !group.standby())
      .flatMap((group) => group.definitions)
      .find((one) => isOf(rebuild, one));
    if (definition === undefined) return;
    const tables = await makeMissingTables(pool, definition);
    if (tables.length === 0) return;
    log.warn({ projection: definition.name, tables }, 'tables that were gone are made again');
  };

  const begin = async (rebuild: Rebuild): Promise<void> => {
    await mend(rebuild);
    const definition = ours().find(({ name }) => name === rebuild.projection);
    if (definition === undefined) return;
    if (!isOf(rebuild, definition)) {
      const trouble = `v${rebuild.version} is not run any more, v${definition.version} is`;
      return giveUpRebuild(pool, rebuild.id, trouble);
    }
    if (shadows().some(({ original }) => original === definition)) return;
    const shadow = shadowOf(definition, rebuild.kind);
    await prepareShadow(pool, shadow);
    const { kind } = rebuild;
    log.info({ projection: definition.name, kind }, 'building it again, beside what queries read');
    add(shadow);
  };

  /** One at a time; it reads whole tables, so what else is to be tended does not wait for it. */
  let comparing: Promise<void> | undefined;
  let found: Found | null = null;

  const compare = async (shadow: ProjectionDefinition, original: ProjectionDefinition) => {
    try {
      const findings = await compareTables(pool, shadow, original);
      if (findings !== null) found = { shadow, findings, trouble: null };
    } catch (error) {
      log.error({ err: error, projection: original.name }, 'could not compare it with the log');
      found = { shadow, findings: null, trouble: causeOf(error) };
    }
  };

  const finish = async ({ shadow, findings, trouble }: Found): Promise<void> => {
    const own = shadows().find((one) => one.shadow === shadow);
    if (own?.group.definitions.length === 1) await remove(own.group);
    else await own?.group.release(shadow);
    await finishComparison(pool, shadow, { findings, trouble });
    found = null;
    if (findings !== null) tell(shadow, findings, log);
  };

  return {
    tend: async () => {
      if (found !== null) await finish(found);
      if (auditEveryMs !== null) await requestDueAudit(pool, ours(), auditEveryMs);
      const open = await openRebuilds(pool);
      await tidy(open);
      for (const rebuild of open) await begin(rebuild);
      const next = shadows().find(({ shadow }) => shadow.compares !== undefined);
      if (next === undefined || found !== null || !ours().includes(next.original)) return;
      comparing ??= compare(next.shadow, next.original).finally(() => {
        comparing = undefined;
      });
    },
    stop: async () => comparing,
  };
}

type Found = {
  readonly shadow: ProjectionDefinition;
  readonly findings: Findings | null;
  readonly trouble: string | null;
};

/** Says what was found. Keys are ids; values, which may be personal, are never told. */
function tell(
  shadow: ProjectionDefinition,
  { ordinal, rows, tables }: Findings,
  log: Logger,
): void {
  const projection = shadow.rebuilds?.name;
  const { version, compares: kind } = shadow;
  if (rows === 0) {
    log.info({ projection, version, kind, ordinal }, 'its tables say what the log says');
    return;
  }
  for (const { table, first, onlyLive, onlyLog, different } of tables) {
    if (first === null) continue;
    log.error(
      { projection, version, kind, ordinal, table, ...first, onlyLive, onlyLog, different },
      'rows say something else than the log',
    );
  }
}

const isOf = (rebuild: Rebuild, { name, version }: ProjectionDefinition): boolean =>
  rebuild.projection === name && rebuild.version === version;
