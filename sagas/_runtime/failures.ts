import {
  CommandRefused,
  Forbidden,
  IdempotencyConflict,
  InvalidInput,
  OutcomeUnknown,
  Overloaded,
} from '../../commands/_runtime/errors.ts';
import { isConnectionError } from '../../platform/postgres/index.ts';
import { timeLimits } from '../../platform/time-limits.ts';

/**
 * What a failed attempt means for the next one:
 * - `outage`: the other side is away or its answer is unknown. Tried until it works: a paid seat
 *   must not be given up on because a server was down for an hour.
 * - `never`: it can only fail again (the input does not fit). Given up at once, for somebody to see.
 * - `unexpected`: tried a number of times, then given up.
 */
export type Failure = 'outage' | 'never' | 'unexpected';

export function classify(error: unknown): Failure {
  if (
    error instanceof InvalidInput ||
    // A side effect's own command: what came of the effect does not fit the log. (A refusal of a
    // saga's command never comes here: that is an answer.)
    error instanceof CommandRefused ||
    error instanceof Forbidden ||
    error instanceof IdempotencyConflict
  ) {
    return 'never';
  }
  if (error instanceof OutcomeUnknown || error instanceof Overloaded || isConnectionError(error)) {
    return 'outage';
  }
  // Adapters say it themselves: `retry: 'later' | 'never'` on their errors.
  if (typeof error === 'object' && error !== null && 'retry' in error) {
    if (error.retry === 'later') return 'outage';
    if (error.retry === 'never') return 'never';
  }
  return 'unexpected';
}

const FIRST_PAUSE_MS = 100;
export const LONGEST_PAUSE_MS = 15_000;

/** What each row that waits for the same outage to end adds to the longest pause of all of them. */
const PER_ROW_MS = 25;

/**
 * 0.1 s, 0.2 s, … up to the longest, each between half of it and all of it, so that many do not come
 * at once.
 */
export function pauseAfter(
  attempt: number,
  longestMs: number = LONGEST_PAUSE_MS,
  random: () => number = Math.random,
): number {
  const full = Math.min(longestMs, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 20));
  return Math.round(full * (0.5 + random() / 2));
}

/**
 * Who waits for an outage to end. A few ask often, so that they go on within seconds of its end; of
 * many each asks seldom, so that all of them together are no load: at most 40 tries a second. The first
 * that gets through is the end of the outage for all: the others need not wait for their turn to ask.
 */
export function createTrouble() {
  const rows = new Set<string>();
  let outagesEnded = 0;
  return {
    /** Gives the longest pause for this row now. */
    failed: (id: string, failure: Failure): number => {
      if (failure !== 'outage') return LONGEST_PAUSE_MS;
      rows.add(id);
      const shortest = timeLimits.retryMs.outbox;
      return Math.min(LONGEST_PAUSE_MS, Math.max(shortest, rows.size * PER_ROW_MS));
    },
    /** It was given up on: nobody learns from it whether the outage is over. */
    givenUp: (id: string): void => void rows.delete(id),
    /**
     * It got through. Gives those who waited with it, to be tried now. They are on the list again only
     * when they fail again, so that one other side that is back does not have everybody ask another,
     * which is not, again and again.
     */
    worked: (id: string): readonly string[] => {
      if (!rows.delete(id)) return [];
      outagesEnded += 1;
      const others = [...rows];
      rows.clear();
      return others;
    },
    /** So many have ended. Whoever fails in an attempt that began before one did need not wait long. */
    outagesEnded: (): number => outagesEnded,
  };
}
