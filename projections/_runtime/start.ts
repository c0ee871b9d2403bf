import { startConsumer } from '../../platform/consumer/index.ts';
import type { ConsumerPhase } from '../../platform/consumer/types.ts';
import type { EventStore, RawEvent } from '../../platform/event-store/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import type { ProjectionDefinition } from './definition.ts';
import { openGroup } from './group.ts';
import type { Group, GroupSession, UnparkOutcome } from './member.ts';
import { observe } from './observe.ts';
import type { ReadParked } from './parked.ts';
import { tendRebuilds } from './rebuilding.ts';
import { repeat } from './repeat.ts';
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
  health(): ProjectionHealth[];
  /** Resolves once everything up to the position is in the tables; rejects on `signal`. */
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
}): Promise<Projections> {
  const { eventStore, url, definitions, views, log, near = NEAR } = options;
  const pool = createPool({ url, name: 'projections', max: 2, log });
  const readEvents = readParkedFrom(eventStore);

  const start = (members: readonly ProjectionDefinition[], name: string): Group => {
    const stopping = new AbortController();
    let session: GroupSession | null = null;
    let standby = false;
    let current = members;
    const consumer = startConsumer({
      eventStore,
      log,
      definition: {
        name,
        open: async () => {
          const opened = await openGroup({
            url,
            definitions: current,
            ...(views === undefined ? {} : { views }),
            log,
            readEvents,
            stopping: stopping.signal,
            onStandby: (value) => {
              standby = value;
            },
          });
          session = opened;
          return {
            ...opened,
            close: async () => {
              session = null;
              await opened.close();
            },
          };
        },
      },
    });
    return {
      get definitions() {
        return current;
      },
      drop: (definition) => {
        current = current.filter((one) => one !== definition);
      },
      consumer,
      session: () => session,
      standby: () => standby,
      stop: async () => {
        stopping.abort();
        await consumer.stop();
      },
    };
  };

  let groups: Group[];
  try {
    await prepareReadModels(pool, definitions, views);
    const { together, lagging } = await plan(pool, definitions, near);
    groups = [
      start(together, 'projections'),
      ...lagging.map((definition) => start([definition], `projections ${definition.name}`)),
    ];
  } catch (error) {
    await pool.end();
    throw error;
  }

  /** Takes those that have caught up into the first group. */
  const merge = async (): Promise<void> => {
    const [main, ...others] = groups;
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
    const together = [main, ...ready].flatMap((group) => group.definitions);
    groups = [start(together, 'projections'), ...others.filter((group) => !ready.includes(group))];
  };

  const rebuilds = tendRebuilds({
    pool,
    groups: () => groups,
    add: (shadow) => {
      groups = [...groups, start([shadow], `projections ${shadow.name}`)];
    },
    remove: async (group) => {
      groups = groups.filter((one) => one !== group);
      await group.stop();
    },
    log,
  });
  const observer = observe({ pool, eventStore, groups: () => groups, log });
  const merging = repeat({
    everyMs: 1000,
    work: async () => {
      await rebuilds();
      await merge();
    },
    failed: (error) => log.error({ err: error }, 'projections were not rebuilt or merged'),
  });

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await merging.stop();
    await observer.stop();
    await Promise.all(groups.map((group) => group.stop()));
    await pool.end();
  };

  return {
    health: () => groups.flatMap((group) => healthOf(group, observer.standing())),
    reached: async (position, signal) => {
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
): Promise<{ together: ProjectionDefinition[]; lagging: ProjectionDefinition[] }> {
  const { rows } = await pool.query<{ projection: string; version: number; ordinal: number }>(
    'select projection, version, ordinal from projection.checkpoints',
  );
  const ordinal = ({ name, version }: ProjectionDefinition): number =>
    rows.find((row) => row.projection === name && row.version === version)?.ordinal ?? 0;
  const front = Math.max(0, ...definitions.map(ordinal));
  const isNear = (definition: ProjectionDefinition) => ordinal(definition) >= front - near;
  return {
    together: definitions.filter(isNear),
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
