import { LONGEST_SLEEP_MS } from './loop.ts';
import type { LeasedRow } from './outbox-rows.ts';
import type { OutboxEntry, TimerChange } from './react.ts';

/** Who works off what reactions leave behind: one loop each, in every process of the role. */
export type Worker = LeasedRow['kind'] | 'timers' | 'requests';

/** Those whom reactions leave something; requests are made by operators. */
const ofReactions = ['command', 'side-effect', 'timers'] as const;
export const allWorkers: readonly Worker[] = [...ofReactions, 'requests'];

/**
 * Whom to wake for these rows. A timer that is due later than the longest sleep needs nobody: the
 * loop looks by itself before that. Most timers are such (a hold lasts half an hour), and looking
 * after each of them cost Postgres more than everything else the sagas do.
 */
export function workersFor(
  { outbox, timers }: { outbox: readonly OutboxEntry[]; timers: readonly TimerChange[] },
  now: number,
): readonly Worker[] {
  const soon = timers.some(({ at }) => at !== null && Date.parse(at) <= now + LONGEST_SLEEP_MS);
  return ofReactions.filter((worker) =>
    worker === 'timers' ? soon : outbox.some(({ kind }) => kind === worker),
  );
}

/** The workers that a notification names. A name that this release does not know is nobody here. */
export function workersNamed(payload: string): readonly Worker[] {
  if (payload === '') return allWorkers;
  const names = new Set(payload.split(','));
  return allWorkers.filter((worker) => names.has(worker));
}
