import type { Batch, Checkpoint, DeliveredEvent } from '../../platform/consumer/types.ts';
import type { Logger } from '../../platform/log/index.ts';
import { isConnectionError } from '../../platform/postgres/index.ts';
import { LOOK_UP_BY_KEY, openLockSession } from '../../platform/postgres/lock-session.ts';
import { tellChanges } from './changes.ts';
import { readMembers, SEEN_CHANNEL, saveCheckpoints, takeUnparkRequests } from './checkpoints.ts';
import { lockName, type ProjectionDefinition } from './definition.ts';
import { pausedOf, tellCaughtUp } from './life-cycle.ts';
import type { GroupSession, Member, UnparkOutcome } from './member.ts';
import { insertParked, type Parked, type ReadParked, replayParked } from './parked.ts';
import { causeOf, concerns, isPoison, locate, sqlStateOf } from './poison.ts';
import { takeOver, tellTrouble } from './rebuild.ts';
import { pointViewsAt } from './schema.ts';
import { applyEvents } from './statements.ts';
import { readReadings } from './switch.ts';
import { repointViews, type ViewSet } from './views.ts';

/** What a batch means for one member: what to apply, what to park, and the keys parked after it. */
type Plan = {
  readonly member: Member;
  readonly apply: DeliveredEvent[];
  readonly park: Parked[];
  readonly blocked: Set<string>;
  /** What is to be told of it (changes.ts). */
  readonly topics: string[];
};

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
};

const SETTINGS = `
  set timezone = 'UTC';
  set lock_timeout = 10000;
  ${LOOK_UP_BY_KEY}
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
      for (const { projection, key } of await takeUnparkRequests(
        client,
        members.map(({ definition }) => definition),
      )) {
        // Not awaited: the heartbeat goes on while it runs.
        unpark(projection, key).catch((error: unknown) =>
          log.error({ err: error, projection, key }, 'un-parking failed'),
        );
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

  const release = (definition: ProjectionDefinition): Promise<void> =>
    session.exclusive(async () => {
      const at = members.findIndex((member) => member.definition === definition);
      if (at < 0) return;
      members.splice(at, 1);
      await session.unlock(lockName(definition));
    });

  const unpark = (projection: string, key: string): Promise<UnparkOutcome> =>
    session.exclusive(async () => {
      const member = members.find(({ definition }) => definition.name === projection);
      if (member === undefined) throw new Error(`${projection} does not run here`);
      const { outcome, parked } = await replayParked(session, member, key, options.readEvents);
      member.parked = parked;
      log.info({ projection, key, ...outcome }, 'un-parked');
      return outcome;
    });

  /** One member's part of the batch, event by event: finds the poison and parks it. */
  const applyCarefully = async (plan: Plan, batch: Batch): Promise<Plan> => {
    const again = emptyPlan(plan.member);
    for (const event of batch.events) {
      if (route(again, event) !== 'apply') continue;
      again.apply.pop();
      await client.query('savepoint event');
      try {
        again.topics.push(...(await applyEvents(client, plan.member.definition, [event])));
        await client.query('release savepoint event');
      } catch (error) {
        if (!isPoison(error)) throw error;
        await client.query('rollback to savepoint event');
        park(again, event, locate(plan.member.definition, event).key, causeOf(error));
      }
    }
    return again;
  };

  const applyPlan = async (plan: Plan, batch: Batch, careful: boolean): Promise<Plan> => {
    const { definition } = plan.member;
    if (!careful) {
      plan.topics.push(...(await applyEvents(client, definition, plan.apply)));
      return plan;
    }
    await client.query('savepoint projection');
    try {
      plan.topics.push(...(await applyEvents(client, definition, plan.apply)));
      await client.query('release savepoint projection');
      return plan;
    } catch (error) {
      if (!isPoison(error)) throw error;
      await client.query('rollback to savepoint projection');
      return applyCarefully(plan, batch);
    }
  };

  /** Rows, parked events and checkpoints of all members in one transaction, or nothing. */
  const save = (batch: Batch, careful: boolean): Promise<Plan[]> =>
    session.transaction(async () => {
      const plans: Plan[] = [];
      for (const member of members) {
        const plan = await applyPlan(planOf(member, batch), batch, careful);
        plans.push(plan);
        await insertParked(client, member.definition, plan.park);
      }
      await saveCheckpoints(client, members, batch);
      const read = plans.filter(({ member }) => member.live);
      await tellChanges(
        client,
        read.flatMap(({ topics }) => topics),
      );
      return plans;
    }, 'projections.commit');

  const apply = async (batch: Batch): Promise<void> => {
    const plans = await save(batch, false).catch((error: unknown) => {
      if (!isPoison(error)) throw error;
      return save(batch, true);
    });
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

  let restUntil = 0;

  const toldCaughtUp = new Set<Member>();

  const caughtUp = async (): Promise<void> => {
    for (const member of members.filter((one) => !toldCaughtUp.has(one))) {
      await tellCaughtUp(client, member.definition);
      toldCaughtUp.add(member);
    }
    await switchViews();
    if (Date.now() < restUntil) return;
    for (const shadow of members.filter(({ definition }) => takesOver(definition))) {
      await finishRebuild(shadow);
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
      const outcome = await session.transaction(() =>
        takeOver(client, shadow.definition, original.definition),
      );
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
      ({ due, definition }) => due && definition.rebuilds === undefined,
    )) {
      const { name, version } = member.definition;
      const switched = await unlessHeld({ projection: name, version }, async () => {
        await pointViewsAt(client, member.definition, views);
        await client.query('select pg_notify($1, $2)', [SEEN_CHANNEL, '{"reset":true}']);
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
   * False when a reader holds a view too long, or a view of somebody else's is on top of it. The
   * projection goes on; the next live batch tries again.
   */
  const unlessHeld = async (what: object, work: () => Promise<void>): Promise<boolean> => {
    try {
      await session.transaction(work);
      return true;
    } catch (error) {
      if (sqlStateOf(error) === null || isConnectionError(error)) throw error;
      log.error({ err: error, ...what }, 'cannot switch views yet');
      return false;
    }
  };

  return {
    members,
    checkpoint: least(members),
    apply: (batch) => session.exclusive(() => apply(batch)),
    unpark,
    release,
    heedSwitches: () => session.exclusive(heedSwitches),
    lost: session.lost,
    close: () => session.close(),
  };
}

const takesOver = ({ rebuilds, compares }: ProjectionDefinition): boolean =>
  rebuilds !== undefined && compares === undefined;

const emptyPlan = (member: Member): Plan => ({
  member,
  apply: [],
  park: [],
  blocked: new Set(member.parked),
  topics: [],
});

function planOf(member: Member, batch: Batch): Plan {
  const plan = emptyPlan(member);
  for (const event of batch.events) route(plan, event);
  return plan;
}

/** Decides what becomes of an event: not for us or known already, to be applied, or parked. */
function route(plan: Plan, event: DeliveredEvent): 'skip' | 'apply' | 'park' {
  const { definition, checkpoint } = plan.member;
  if (event.ordinal <= (checkpoint?.ordinal ?? 0) || !concerns(definition, event)) return 'skip';
  const { key, fault } = locate(definition, event);
  const behind = [key, event.stream].find((name) => plan.blocked.has(name));
  if (behind !== undefined) {
    park(plan, event, behind, null);
    return 'park';
  }
  if (fault !== null) {
    park(plan, event, key, causeOf(fault));
    return 'park';
  }
  plan.apply.push(event);
  return 'apply';
}

function park(plan: Plan, event: DeliveredEvent, key: string, cause: string | null): void {
  plan.park.push({ event, key, cause });
  plan.blocked.add(key);
}

function laterOf(a: Checkpoint | null, b: Checkpoint | null): Checkpoint | null {
  return b === null || (a !== null && a.ordinal >= b.ordinal) ? a : b;
}

/** Where the shared subscription starts: what the member that is furthest behind still needs. */
function least(members: readonly Member[]): Checkpoint | null {
  return members.reduce<Checkpoint | null>(
    (first, { checkpoint }, index) =>
      index === 0 || (checkpoint?.ordinal ?? 0) < (first?.ordinal ?? 0) ? checkpoint : first,
    null,
  );
}
