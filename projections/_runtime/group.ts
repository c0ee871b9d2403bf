import type { Batch } from '../../platform/consumer/types.ts';
import type { Logger } from '../../platform/log/index.ts';
import { LOOK_UP_BY_KEY } from '../../platform/postgres/by-key.ts';
import { isConnectionError } from '../../platform/postgres/index.ts';
import { openLockSession } from '../../platform/postgres/lock-session.ts';
import { readMembers, readUnparkRequests, SEEN_CHANNEL } from './checkpoints.ts';
import { lockName, type ProjectionDefinition } from './definition.ts';
import { endBooting, isBooting, pausedOf } from './life-cycle.ts';
import type { GroupSession, Member, UnparkOutcome } from './member.ts';
import { type ReadParked, replayParked } from './parked.ts';
import { laterOf, least, type Plan } from './plan.ts';
import { causeOf, sqlStateOf } from './poison.ts';
import { takeOver, tellTrouble } from './rebuild.ts';
import { ProjectionFaultError, saveBatch } from './save.ts';
import { pointViewsAt } from './schema.ts';
import { BehindError, readBeside, readReadings, refuseBehind } from './switch.ts';
import { repointViews, type ViewSet } from './views.ts';

export type GroupOptions = {
  readonly url: string;
  readonly definitions: readonly ProjectionDefinition[];
  /** Views of people who query in SQL: they move with the version that queries read. */
  readonly views?: ViewSet;
  readonly log: Logger;
  /** Reads parked events again, so that they are decoded as this release does. */
  readonly readEvents: ReadParked;
  readonly stopping: AbortSignal;
  readonly onStandby?: (standby: boolean) => void;
  /** Told which of them cannot go on; its lock is free by then. Left out: all end together. */
  readonly onFault?: (definition: ProjectionDefinition) => void;
};

/** Longer than any row is locked here: a table that somebody has locked is not to hold up the others. */
const ROW_LOCK_MS = 200;
/** A view is switched when its readers are done, and whoever comes meanwhile waits for us. */
const VIEW_LOCK_MS = 10_000;

const SETTINGS = `
  set timezone = 'UTC';
  set lock_timeout = ${ROW_LOCK_MS};
  ${LOOK_UP_BY_KEY}
  -- Statements name every table of the group (sql.ts): planned once, and not again with each of the
  -- first batches.
  set plan_cache_mode = force_generic_plan;
  -- A crash of Postgres may take the last commits back: rows and checkpoint go together, so the
  -- projection resumes there and folds them again. Not waiting for the disk is several times faster.
  set synchronous_commit = off;`;

/** A comparison that failed may have taken its time; batches are not to wait for it again and again. */
const REST_MS = 60_000;

/** One attempt of a group of projections that share a subscription; a consumer's session. */
export async function openGroup(options: GroupOptions): Promise<GroupSession> {
  const { definitions, log } = options;
  let members: Member[] = [];
  const session = await openLockSession({
    url: options.url,
    name: `projections ${definitions.map(({ name }) => name).join(' ')}`.slice(0, 50),
    locks: definitions.map(lockName),
    settings: SETTINGS,
    stopping: options.stopping,
    ...(options.onStandby === undefined ? {} : { onStandby: options.onStandby }),
    heartbeat: async (client) => {
      for (const { projection, key } of await readUnparkRequests(
        client,
        members.map(({ definition }) => definition),
      )) {
        // Not awaited: the heartbeat goes on while it runs.
        void unparkWanted(projection, key);
      }
    },
  });
  const { client } = session;
  const openMembers = async (): Promise<Member[]> => {
    const paused = await pausedOf(client, definitions);
    const found = await readMembers(
      client,
      definitions.filter((one) => !paused.includes(one)),
    );
    for (const { definition, held } of await readReadings(client, definitions)) {
      const member = found.find((one) => one.definition === definition);
      if (member !== undefined && held) member.due = false;
    }
    const gone = definitions.filter((one) => !found.some(({ definition }) => definition === one));
    for (const one of gone) await session.unlock(lockName(one));
    return found;
  };
  members = await openMembers().catch(async (error: unknown) => {
    await session.close();
    throw error;
  });

  const leave = async (definition: ProjectionDefinition): Promise<void> => {
    const at = members.findIndex((member) => member.definition === definition);
    if (at < 0) return;
    members.splice(at, 1);
    await session.unlock(lockName(definition));
  };

  const unpark = (projection: string, key: string): Promise<UnparkOutcome> =>
    session.exclusive(async () => {
      const member = members.find(({ definition }) => definition.name === projection);
      if (member === undefined) throw new Error(`${projection} does not run here`);
      const { outcome, parked } = await replayParked(session, member, key, options.readEvents);
      member.parked = parked;
      log.info({ projection, key, ...outcome }, 'un-parked');
      return outcome;
    });

  const unparking = new Set<string>();
  const failedToUnpark = new Set<string>();

  /** Tried with each heartbeat until it was tried; said once, for the event store may be away for long. */
  const unparkWanted = async (projection: string, key: string): Promise<void> => {
    const name = `${projection} ${key}`;
    if (unparking.has(name)) return;
    unparking.add(name);
    try {
      await unpark(projection, key);
      failedToUnpark.delete(name);
    } catch (error) {
      const level = failedToUnpark.has(name) ? 'debug' : 'error';
      log[level]({ err: error, projection, key }, 'un-parking failed and is tried again');
      failedToUnpark.add(name);
    } finally {
      unparking.delete(name);
    }
  };

  /** Without a member that cannot go on by itself; alone, its trouble is the session's. */
  const saved = async (batch: Batch): Promise<Plan[]> => {
    try {
      return await saveBatch(session, members, batch);
    } catch (error) {
      if (!(error instanceof ProjectionFaultError)) throw error;
      if (members.length === 1 || options.onFault === undefined) throw error.cause;
      const { definition } = error.member;
      const { name, version } = definition;
      log.error(
        { err: error.cause, projection: name, version },
        'it cannot go on; the others go on without it',
      );
      await leave(definition);
      options.onFault(definition);
      return saved(batch);
    }
  };

  const apply = async (batch: Batch): Promise<void> => {
    const plans = await saved(batch);
    for (const { member, blocked, park: parked } of plans) {
      member.parked = blocked;
      member.checkpoint = laterOf(member.checkpoint, batch.checkpoint);
      member.seen = member.seen !== null && member.seen > batch.seen ? member.seen : batch.seen;
      for (const { key, event, cause } of parked) {
        if (cause === null) continue;
        const { stream, id, type, ordinal } = event;
        log.error(
          { projection: member.definition.name, key, stream, eventId: id, type, ordinal, cause },
          'parked an event that cannot be applied',
        );
      }
    }
    if (batch.live) await caughtUp();
  };

  /** A transaction that waits for locks longer than a batch may. */
  const patiently = <T>(work: () => Promise<T>): Promise<T> =>
    session.transaction(async () => {
      await client.query(`set local lock_timeout = ${VIEW_LOCK_MS}`);
      return work();
    });

  let restUntil = 0;
  let bootAfter = 0;

  const toldCaughtUp = new Set<Member>();

  const caughtUp = async (): Promise<void> => {
    await endAllBooting();
    await switchViews();
    if (Date.now() < restUntil) return;
    for (const shadow of members.filter(({ definition }) => takesOver(definition))) {
      await finishRebuild(shadow);
    }
  };

  /** What was not at the head before is ready to be read from here on. */
  const endAllBooting = async (): Promise<void> => {
    if (Date.now() < bootAfter) return;
    for (const member of members.filter((one) => !toldCaughtUp.has(one))) {
      const { definition } = member;
      const { name, version } = definition;
      if (await isBooting(client, definition)) {
        const made = await unlessHeld({ projection: name, version }, () =>
          endBooting(client, definition),
        );
        if (!made) bootAfter = Date.now() + REST_MS;
        if (!made) continue;
      }
      toldCaughtUp.add(member);
    }
  };

  /** A projection that was built again, and has handled what the one queries read has, replaces it. */
  const finishRebuild = async (shadow: Member): Promise<void> => {
    const original = members.find(({ definition }) => definition === shadow.definition.rebuilds);
    // It is not in this group yet: `merge` in start.ts brings them together.
    if (original === undefined) return;
    if (original.checkpoint?.ordinal !== shadow.checkpoint?.ordinal) return;
    const { name, version } = original.definition;
    try {
      const outcome = await patiently(() =>
        takeOver(client, shadow.definition, original.definition),
      );
      // Those of people may have gone with a table that was dropped.
      viewsAreDue ||= views !== null && outcome.restored;
      original.parked = shadow.parked;
      members.splice(members.indexOf(shadow), 1);
      await session.unlock(lockName(shadow.definition));
      log.info({ projection: name, version, ...outcome }, 'built again from the log');
    } catch (error) {
      if (sqlStateOf(error) === null || isConnectionError(error)) throw error;
      log.error({ err: error, projection: name, version }, 'cannot take over what was built yet');
      restUntil = Date.now() + REST_MS;
      await tellTrouble(client, original.definition, causeOf(error));
    }
  };

  const { views = null } = options;
  /** A start leaves them as they are when somebody reads them at that moment. */
  let viewsAreDue = views !== null;

  /** A version that has caught up takes over from the one queries read until now. */
  const switchViews = async (): Promise<void> => {
    for (const member of members.filter(
      (one) => one.due && one.definition.rebuilds === undefined && toldCaughtUp.has(one),
    )) {
      const { name, version } = member.definition;
      const handled = member.checkpoint?.ordinal ?? 0;
      const other = await readBeside(client, member.definition);
      // A later batch asks again.
      if (other !== null && other.ordinal > handled) continue;
      const switched = await unlessHeld({ projection: name, version }, async () => {
        await pointViewsAt(client, member.definition, views);
        await client.query('select pg_notify($1, $2)', [SEEN_CHANNEL, '{"reset":true}']);
        if (other !== null) await refuseBehind(client, { ...other, name }, handled);
      });
      if (!switched) continue;
      member.live = true;
      member.due = false;
      log.info({ projection: name, version }, 'queries read this version from now on');
    }
    if (views === null || !viewsAreDue) return;
    const pointed = await unlessHeld({ schema: views.schema }, () => repointViews(client, views));
    viewsAreDue = !pointed;
  };

  /** Queries may read another version since: one of another release, or one that somebody wants. */
  const heedSwitches = async (): Promise<void> => {
    for (const reading of await readReadings(
      client,
      members.map(({ definition }) => definition),
    )) {
      const member = members.find(({ definition }) => definition === reading.definition);
      if (member === undefined) continue;
      member.live = reading.live;
      member.due = !reading.live && !reading.held && (member.due || reading.wanted);
    }
    // One that was at the head follows it; another takes over once it is there.
    if (members.some((member) => member.due && toldCaughtUp.has(member))) await switchViews();
  };

  /**
   * False when a reader holds a view too long, a view of somebody else's is on top of it, or the
   * version of before has handled more meanwhile. The projection goes on; a later live batch tries again.
   */
  const unlessHeld = async (what: object, work: () => Promise<void>): Promise<boolean> => {
    try {
      await patiently(work);
      return true;
    } catch (error) {
      if (error instanceof BehindError) return false;
      if (sqlStateOf(error) === null || isConnectionError(error)) throw error;
      log.error({ err: error, ...what }, 'cannot change what queries read yet');
      return false;
    }
  };

  return {
    members,
    checkpoint: least(members),
    apply: (batch) => session.exclusive(() => apply(batch)),
    unpark,
    release: (definition) => session.exclusive(() => leave(definition)),
    heedSwitches: () => session.exclusive(heedSwitches),
    lost: session.lost,
    close: () => session.close(),
  };
}

const takesOver = ({ rebuilds, compares }: ProjectionDefinition): boolean =>
  rebuilds !== undefined && compares === undefined;
