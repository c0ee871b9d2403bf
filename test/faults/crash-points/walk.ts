import {
  type CrashPoint,
  crashMoments,
  crashPoints,
} from '../../../platform/crash-points/table.ts';
import type { Victim } from './stage.ts';

/** Crossed by the write API; all others by the process of sagas, projections and relay. */
const inTheWriteApi: ReadonlySet<CrashPoint> = new Set([
  'append.SeatHeld',
  'append.EnrollmentRequested',
  'append.PaymentAttemptOpened',
  'append.PaymentIntentCreated',
  'stripe.create-intent',
  'inbox.store-webhook',
]);

/** Later than at the first passing, where the first ones after a start have nothing in their hands. */
const passings: Partial<Record<CrashPoint, number>> = {
  ...{ 'inbox.take-object': 3, 'saga.take-rows': 5, 'saga.commit': 4, 'projections.commit': 4 },
};

export type Step = { readonly victim: Victim; readonly at: string };

/** Every boundary of the table at every moment; without a bus not those of the relay. */
export function allSteps(bus: boolean): Step[] {
  const points = (Object.keys(crashPoints) as CrashPoint[]).filter(
    (point) => bus || !point.startsWith('nats.'),
  );
  // All boundaries before the next moment: what one kill left half done is done before the next
  // kill at the same place.
  return crashMoments.flatMap((moment) =>
    points.map((point) => ({
      victim: inTheWriteApi.has(point) ? ('write-api' as const) : ('read-api' as const),
      at: `${point}.${moment}:${passings[point] ?? 1}`,
    })),
  );
}

/** Where each of the two dies next, what was reached, and how long it took. */
export function createWalk(steps: readonly Step[]) {
  const left = new Map<Victim, string[]>(
    (['write-api', 'read-api'] as const).map((victim) => [
      victim,
      steps.filter((step) => step.victim === victim).map(({ at }) => at),
    ]),
  );
  const armed = new Map<Victim, { at: string; since: number }>();
  const reached: string[] = [];
  const killedAt: number[] = [];
  let begun = false;
  return {
    /** From the next start on they die. */
    begin: () => {
      begun = true;
    },
    next: (victim: Victim): string | undefined => {
      if (!begun) return undefined;
      // One that could not start at all has not been where it was told to die.
      const at = armed.get(victim)?.at ?? left.get(victim)?.shift();
      if (at !== undefined) armed.set(victim, { at, since: performance.now() });
      return at;
    },
    died: (victim: Victim, signal: string | null): void => {
      const dead = armed.get(victim);
      if (dead === undefined || signal !== 'SIGKILL') return;
      armed.delete(victim);
      reached.push(dead.at);
      killedAt.push(Date.now());
      const ms = Math.round(performance.now() - dead.since);
      console.log(`${reached.length}/${steps.length} ${dead.at} after ${ms} ms`);
    },
    reached: (): readonly string[] => reached,
    /** When each of them was gone (epoch ms). */
    killedAt: (): readonly number[] => killedAt,
    done: (): boolean => reached.length === steps.length,
    /** Somebody lives on although told to die so long ago: the boundary is not reached. */
    overdue: (ms: number): string | undefined =>
      [...armed.values()].find(({ since }) => performance.now() - since > ms)?.at,
  };
}
