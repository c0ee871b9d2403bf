import type { Batch, Checkpoint, DeliveredEvent } from '../../platform/consumer/types.ts';
import type { Member } from './member.ts';
import type { Parked } from './parked.ts';
import { causeOf, concerns, locate } from './poison.ts';

/** What a batch means for one member: what to apply, what to park, and the keys parked after it. */
export type Plan = {
  readonly member: Member;
  readonly apply: DeliveredEvent[];
  readonly park: Parked[];
  readonly blocked: Set<string>;
  /** What is to be told of it (changes.ts). */
  readonly topics: string[];
};

export const emptyPlan = (member: Member): Plan => ({
  member,
  apply: [],
  park: [],
  blocked: new Set(member.parked),
  topics: [],
});

export function planOf(member: Member, batch: Batch): Plan {
  const plan = emptyPlan(member);
  for (const event of batch.events) route(plan, event);
  return plan;
}

/** Decides what becomes of an event: not for us or known already, to be applied, or parked. */
export function route(plan: Plan, event: DeliveredEvent): 'skip' | 'apply' | 'park' {
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

export function park(plan: Plan, event: DeliveredEvent, key: string, cause: string | null): void {
  plan.park.push({ event, key, cause });
  plan.blocked.add(key);
}

export function laterOf(a: Checkpoint | null, b: Checkpoint | null): Checkpoint | null {
  return b === null || (a !== null && a.ordinal >= b.ordinal) ? a : b;
}

/** Where a shared subscription starts: what the member that is furthest behind still needs. */
export function least(members: readonly Member[]): Checkpoint | null {
  return members.reduce<Checkpoint | null>(
    (first, { checkpoint }, index) =>
      index === 0 || (checkpoint?.ordinal ?? 0) < (first?.ordinal ?? 0) ? checkpoint : first,
    null,
  );
}
