import type { Host } from '../../platform/host/index.ts';
import type { Logger } from '../../platform/log/index.ts';
import { createWake, type Wake } from './wake.ts';

/** The longest sleep: what nobody told of (a clock that was set forward, a lost wake) is noticed after this. */
export const LONGEST_SLEEP_MS = 1000;

export type Loop = Wake & {
  /** Ends after the turn that is under way. */
  stop(): Promise<void>;
  stopped(): boolean;
};

/** How long to sleep when the next thing is due in so many milliseconds; null: nothing is. */
export const untilDue = (ms: number | null | undefined): number =>
  Math.min(LONGEST_SLEEP_MS, Math.max(1, ms ?? LONGEST_SLEEP_MS));

/**
 * Looks for work, sleeps until there may be more, and looks again. `turn` says how long to sleep
 * (0: not at all); one that fails is told and tried again after the longest sleep.
 */
export function startLoop(options: {
  log: Logger;
  /** What is looked at, for the log. */
  what: string;
  turn: (loop: Pick<Loop, 'stopped'>) => Promise<number>;
  host?: Host | undefined;
}): Loop {
  const { log, what, turn } = options;
  const wake = createWake(options.host);
  let stopped = false;
  const run = async (): Promise<void> => {
    while (!stopped) {
      const pause = await turn({ stopped: () => stopped }).catch((error: unknown) => {
        log.warn({ err: error }, `${what} could not be looked at; trying again`);
        return LONGEST_SLEEP_MS;
      });
      if (pause > 0 && !stopped) await wake.sleep(pause);
    }
  };
  const running = run();
  return {
    ...wake,
    stopped: () => stopped,
    stop: async () => {
      stopped = true;
      wake.wake();
      await running;
    },
  };
}
