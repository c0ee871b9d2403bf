import type { ConsumerPhase } from '../../platform/consumer/types.ts';
import type { EventStore, RawEvent } from '../../platform/event-store/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import type { ProjectionDefinition } from './definition.ts';
import { watchFailures } from './failing.ts';
import { pausedOf, tellFailures } from './life-cycle.ts';
import type { Group, UnparkOutcome } from './member.ts';
import { observe } from './observe.ts';
import type { ReadParked } from './parked.ts';
import { tendRebuilds } from './rebuilding.ts';
import { repeat } from './repeat.ts';
import { type RunOptions, runGroup } from './run-group.ts';
import { prepareReadModels } from './schema.ts';
import type { ViewSet } from './views.ts';

const NEAR = 1000;

export type ProjectionHealth = {
  readonly name: string;
  readonly version: number;
  /** `standby`: another process runs it. */
  readonly phase: ConsumerPhase | 'standby';
  readonly ordinal: number;
  readonly handled: bigint | null;
  readonly seen: bigint | null;
  readonly lagMs: number;
  readonly parkedKeys: number;
  /** It has not moved although there was something to do. */
  readonly standing: boolean;
  /** Why it is waiting, in one sentence; null when it is not. */
  readonly trouble: string | null;
};

/** The projection is not run by this process at the moment; ask with `requestUnpark`. */
export class NotRunningHereError extends Error {
  override readonly name = 'NotRunningHereError';
}

export type Projections = {
  /** Of those this process runs or stands by for; what is paused is not among them. */
  health(): ProjectionHealth[];
  /**
   * Resolves once everything up to the position is in the tables; rejects on `signal`, and when one
   * of them is paused.
   */
  reached(position: bigint, signal: AbortSignal): Promise<void>;
  /** Applies what is parked under a key, as far as it goes. */
  unpark(projection: string, key: string): Promise<UnparkOutcome>;
  stop(): Promise<void>;
};

/**
 * Runs projections: those near the head on one subscription, one that lags or rebuilds on its own
 * until it has caught up. Throws when the database cannot be prepared; afterwards everything that
 * ends is opened again.
 */
export async function startProjections(options: {
  eventStore: EventStore;
  url: string;
  definitions: readonly ProjectionDefinition[];
  /** Made for people who query in SQL, and moved with the versions. */
  views?: ViewSet;
  log: Logger;
  /** How many events behind the foremost a projection may be and still share its subscription. */
  near?: number;
  /** How often each is compared with the log by itself (audit.ts); left out: never. */
  auditEveryMs?: number;
}): Promise<Projections> {
  const { eventStore, url, definitions, views, log, near = NEAR, auditEveryMs = null } = options;
  const pool = createPool({ url, name: 'projections', max: 3, long: true, log });

  let stopping: Promise<void> | undefined;
  let groups: Group[] = [];
  const running: RunOptions = {
    ...{ eventStore, url, log, readEvents: readParkedFrom(eventStore) },
    ...(views === undefined ? {} : { views }),
    // By itself it opens one session after the other, with pauses, until it can go on.
    onFault: (definition) => {
      if (stopping === undefined) groups = [...groups, alone(definition, { failed: true })];
    },
  };
  const together = (members: readonly ProjectionDefinition[]): Group =>
    runGroup(running, members, { name: 'projections' });
  const alone = (definition: ProjectionDefinition, how: { failed?: boolean } = {}): Group =>
    runGroup(running, [definition], { name: `projections ${definition.name}`, ...how });

  try {
    await prepareReadModels(pool, definitions, views);
    const paused = await pausedOf(pool, definitions);
    const wanted = definitions.filter((one) => !paused.includes(one));
    const { near: foremost, lagging } = await plan(pool, wanted, near);
    const first = foremost.length === 0 ? [] : [together(foremost)];
    groups = [...first, ...lagging.map((definition) => alone(definition))];
  } catch (error) {
    await pool.end();
    throw error;
  }

  /** Takes those that have caught up into the first group, of those that are well. */
  const merge = async (): Promise<void> => {
    const [main, ...others] = groups.filter((group) => group.well());
    if (main === undefined || ordinalOf(main) === null) return;
    const ready = others.filter((group) => {
      const ordinal = ordinalOf(group);
      return ordinal !== null && ordinal >= (ordinalOf(main) ?? 0) - near;
    });
    if (ready.length === 0) return;
    const stops = await Promise.allSettled([main, ...ready].map((group) => group.stop()));
    for (const stop of stops) {
      // They have to run again, whatever came of that: the locks tell when nobody else runs them.
      if (stop.status === 'rejected') log.error({ err: stop.reason }, 'a group did not end well');
    }
    const merged = [main, ...ready];
    // One of them may have had to leave meanwhile, with a group of its own by now.
    const rest = groups.filter((group) => !merged.includes(group));
    groups = [together(merged.flatMap((group) => group.definitions)), ...rest];
  };

  /** Goes on without what is paused, and with what is not any more, on a reader of its own. */
  const heedPauses = async (): Promise<void> => {
    const all = groups.flatMap((group) => group.definitions);
    const paused = await pausedOf(pool, [...new Set([...definitions, ...all])]);
    for (const group of groups) {
      for (const one of group.definitions.filter((own) => paused.includes(own))) {
        log.info({ projection: one.name, version: one.version }, 'it is paused');
        await group.release(one);
      }
    }
    const empty = groups.filter((group) => group.definitions.length === 0);
    groups = groups.filter((group) => !empty.includes(group));
    for (const group of empty) await group.stop();
    for (const one of definitions) {
      const runs = groups.some((group) => group.definitions.includes(one));
      if (runs || paused.includes(one)) continue;
      log.info({ projection: one.name, version: one.version }, 'it goes on');
      groups = [...groups, alone(one)];
    }
  };

  const failing = watchFailures(() => groups);
  const rebuilds = tendRebuilds({
    pool,
    groups: () => groups,
    add: (shadow) => {
      groups = [...groups, alone(shadow)];
    },
    remove: async (group) => {
      groups = groups.filter((one) => one !== group);
      await group.stop();
    },
    auditEveryMs,
    log,
  });
  const observer = observe({ pool, eventStore, groups: () => groups, definitions, log });
  const merging = repeat({
    everyMs: 1000,
    work: async () => {
      await heedPauses();
      for (const group of groups) await group.session()?.heedSwitches();
      await rebuilds.tend();
      await merge();
      const told = failing();
      if (told.length > 0) await tellFailures(pool, told);
    },
    failed: (error) => log.error({ err: error }, 'projections were not tended'),
  });

  const stop = async (): Promise<void> => {
    await merging.stop();
    await observer.stop();
    await rebuilds.stop();
    await Promise.all(groups.map((group) => group.stop()));
    await pool.end();
  };

  return {
    health: () => groups.flatMap((group) => healthOf(group, observer.standing())),
    reached: async (position, signal) => {
      const run = groups.flatMap((group) => group.definitions);
      const paused = definitions.filter((one) => !run.includes(one)).map(({ name }) => name);
      if (paused.length > 0) throw new NotRunningHereError(`${paused.join(', ')}: paused`);
      await Promise.all(groups.map((group) => group.consumer.reached(position, signal)));
    },
    unpark: async (projection, key) => {
      const owner = groups.find((group) =>
        group.definitions.some((definition) => definition.name === projection),
      );
      const session = owner?.session() ?? null;
      if (session === null) throw new NotRunningHereError(`${projection} does not run here now`);
      return session.unpark(projection, key);
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Who is near the foremost projection, and who needs a reader of its own. */
async function plan(
  pool: Pool,
  definitions: readonly ProjectionDefinition[],
  near: number,
): Promise<{ near: ProjectionDefinition[]; lagging: ProjectionDefinition[] }> {
  const { rows } = await pool.query<{ projection: string; version: number; ordinal: number }>(
    'select projection, version, ordinal from projection.checkpoints',
  );
  const ordinal = ({ name, version }: ProjectionDefinition): number =>
    rows.find((row) => row.projection === name && row.version === version)?.ordinal ?? 0;
  const front = Math.max(0, ...definitions.map(ordinal));
  const isNear = (definition: ProjectionDefinition) => ordinal(definition) >= front - near;
  return {
    near: definitions.filter(isNear),
    lagging: definitions.filter((definition) => !isNear(definition)),
  };
}

function ordinalOf(group: Group): number | null {
  const members = group.session()?.members;
  if (members === undefined) return null;
  return Math.min(...members.map(({ checkpoint }) => checkpoint?.ordinal ?? 0));
}

function healthOf(group: Group, standing: ReadonlySet<string>): ProjectionHealth[] {
  const { phase, lagMs, trouble } = group.consumer.health();
  const members = group.session()?.members;
  return group.definitions.map((definition) => {
    const { name, version } = definition;
    const member = members?.find((one) => one.definition === definition);
    return {
      name,
      version,
      phase: group.standby() ? 'standby' : phase,
      ordinal: member?.checkpoint?.ordinal ?? 0,
      handled: member?.checkpoint?.position ?? null,
      seen: member?.seen ?? null,
      lagMs,
      parkedKeys: member?.parked.size ?? 0,
      standing: standing.has(name),
      trouble,
    };
  });
}

function readParkedFrom(eventStore: EventStore): ReadParked {
  return async (refs) => {
    const raws: RawEvent[] = [];
    for (const { stream, revision } of refs) {
      const [raw] = await eventStore.readStreamRaw(stream, { from: revision, max: 1 });
      if (raw === undefined) throw new Error(`${stream} has no event ${revision} any more`);
      raws.push(raw);
    }
    const decoded = await eventStore.decode(raws);
    return refs.map(({ ordinal }, index) => {
      const raw = raws[index];
      const event = decoded[index];
      if (raw === undefined || event === undefined) throw new RangeError('decode lost an event');
      return event instanceof Error
        ? { ...raw, data: raw.data, metadata: raw.metadata as never, ordinal, poison: event }
        : { ...event, ordinal, poison: null };
    });
  };
}
