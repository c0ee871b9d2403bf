import { setTimeout as delay } from 'node:timers/promises';
import { startConsumer } from '../../platform/consumer/index.ts';
import type { ConsumerPhase } from '../../platform/consumer/types.ts';
import type { EventStore, RawEvent } from '../../platform/event-store/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { createPool, type Pool } from '../../platform/postgres/index.ts';
import type { ProjectionDefinition } from './definition.ts';
import { watchFailures } from './failing.ts';
import { openGroup } from './group.ts';
import { pausedOf, tellFailures } from './life-cycle.ts';
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
  const pool = createPool({ url, name: 'projections', max: 3, log });
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
          const polite = current.every(({ compares }) => compares === 'audit');
          return {
            ...opened,
            apply: polite ? (batch) => politely(() => opened.apply(batch)) : opened.apply,
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
      release: async (definition) => {
        current = current.filter((one) => one !== definition);
        await session?.release(definition);
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
    const paused = await pausedOf(pool, definitions);
    const running = definitions.filter((one) => !paused.includes(one));
    const { together, lagging } = await plan(pool, running, near);
    groups = [
      ...(together.length === 0 ? [] : [start(together, 'projections')]),
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
      groups = [...groups, start([one], `projections ${one.name}`)];
    }
  };

  const failing = watchFailures(() => groups);
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

  let stopping: Promise<void> | undefined;
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

/** Rests three times as long as the work took: whoever serves people comes first. */
async function politely(work: () => Promise<void>): Promise<void> {
  const begunAt = performance.now();
  await work();
  await delay(Math.min(1000, 3 * (performance.now() - begunAt)));
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
