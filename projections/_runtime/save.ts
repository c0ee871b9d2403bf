import type pg from 'pg';
import type { Batch } from '../../platform/consumer/types.ts';
import { isConnectionError } from '../../platform/postgres/index.ts';
import { type LockSession, SessionLostError } from '../../platform/postgres/lock-session.ts';
import { tellChanges } from './changes.ts';
import { saveCheckpoints } from './checkpoints.ts';
import type { Member } from './member.ts';
import { insertParked } from './parked.ts';
import { emptyPlan, type Plan, park, planOf, route } from './plan.ts';
import { causeOf, isPoison, locate, sqlStateOf } from './poison.ts';
import { applyEvents, applyShares } from './statements.ts';

/**
 * One projection of a group cannot go on, and no event is to blame: its table is gone, has other
 * columns, is locked. The others need not wait for it.
 */
export class ProjectionFaultError extends Error {
  override readonly name = 'ProjectionFaultError';
  readonly member: Member;
  constructor(member: Member, cause: unknown) {
    super(`${member.definition.name} cannot go on`, { cause });
    this.member = member;
  }
}

/**
 * What Postgres says of the session or of itself, in whoever's statement it was: transaction state,
 * rolled back for another's sake, resources, an operator, its disk.
 */
const OF_THE_SESSION = /^(08|25|40|53|57P|58)/;

function isOfTheSession(error: unknown): boolean {
  if (isConnectionError(error) || error instanceof SessionLostError) return true;
  return OF_THE_SESSION.test(sqlStateOf(error) ?? '');
}

/**
 * Saves a batch: rows, parked events and checkpoints of all members in one transaction, or nothing.
 * When that fails each member is applied by itself, to tell whose fault it is: an event's, which is
 * parked then, or that of a member, which is told by `ProjectionFaultError`.
 */
export async function saveBatch(
  session: LockSession,
  members: readonly Member[],
  batch: Batch,
): Promise<Plan[]> {
  try {
    return await saveOnce(session, members, batch, applyTogether);
  } catch (error) {
    if (isOfTheSession(error)) throw error;
    return saveOnce(session, members, batch, applyOneByOne);
  }
}

type ApplyAll = (
  client: pg.ClientBase,
  members: readonly Member[],
  batch: Batch,
) => Promise<Plan[]>;

function saveOnce(
  session: LockSession,
  members: readonly Member[],
  batch: Batch,
  apply: ApplyAll,
): Promise<Plan[]> {
  const { client } = session;
  return session.transaction(
    async () => {
      const plans = await apply(client, members, batch);
      await saveCheckpoints(client, members, batch);
      const read = plans.filter(({ member }) => member.live);
      await tellChanges(
        client,
        read.flatMap(({ topics }) => topics),
      );
      return plans;
      // Boundaries are told apart by what they lose: nothing is lost with a batch that only moves `seen`.
    },
    batch.events.length > 0 ? 'projections.commit' : undefined,
  );
}

const applyTogether: ApplyAll = async (client, members, batch) => {
  const plans = members.map((member) => planOf(member, batch));
  const topics = await applyShares(
    client,
    plans.map(({ member: { definition }, apply }) => ({ definition, events: apply })),
  );
  for (const [index, plan] of plans.entries()) {
    plan.topics.push(...(topics[index] ?? []));
    await insertParked(client, plan.member.definition, plan.park);
  }
  return plans;
};

const applyOneByOne: ApplyAll = async (client, members, batch) => {
  const plans: Plan[] = [];
  for (const member of members) {
    try {
      const plan = await applyCarefully(client, planOf(member, batch), batch);
      await insertParked(client, member.definition, plan.park);
      plans.push(plan);
    } catch (error) {
      throw isOfTheSession(error) ? error : new ProjectionFaultError(member, error);
    }
  }
  return plans;
};

async function applyCarefully(client: pg.ClientBase, plan: Plan, batch: Batch): Promise<Plan> {
  await client.query('savepoint projection');
  try {
    plan.topics.push(...(await applyEvents(client, plan.member.definition, plan.apply)));
    await client.query('release savepoint projection');
    return plan;
  } catch (error) {
    if (!isPoison(error)) throw error;
    await client.query('rollback to savepoint projection');
    return applyEachEvent(client, plan.member, batch);
  }
}

/** One member's part of the batch, event by event: finds the poison and parks it. */
async function applyEachEvent(client: pg.ClientBase, member: Member, batch: Batch): Promise<Plan> {
  const plan = emptyPlan(member);
  for (const event of batch.events) {
    if (route(plan, event) !== 'apply') continue;
    plan.apply.pop();
    await client.query('savepoint event');
    try {
      plan.topics.push(...(await applyEvents(client, member.definition, [event])));
      await client.query('release savepoint event');
    } catch (error) {
      if (!isPoison(error)) throw error;
      await client.query('rollback to savepoint event');
      park(plan, event, locate(member.definition, event).key, causeOf(error));
    }
  }
  return plan;
}
