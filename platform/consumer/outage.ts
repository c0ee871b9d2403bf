import type { Logger } from '../log/index.ts';

/** A long outage is said again this often: whoever looks into the log later must not miss it. */
const REMIND_MS = 60_000;

/**
 * Says an outage once and its end once, not every try of it: a store that restarts is many tries of
 * many consumers, and would bury everything else. Every try is there at level debug.
 */
export function createOutage(log: Logger, name: string, now: () => number = Date.now) {
  let current: { readonly since: number; saidAt: number; tries: number } | undefined;
  return {
    failed(error: unknown, pauseMs: number): void {
      const at = now();
      const isFirst = current === undefined;
      current ??= { since: at, saidAt: at, tries: 0 };
      current.tries += 1;
      const due = isFirst || at - current.saidAt >= REMIND_MS;
      if (due) current.saidAt = at;
      const fields = { err: error, pauseMs, tries: current.tries };
      const what = isFirst ? 'was interrupted and tries again' : 'is still interrupted';
      log[due ? 'warn' : 'debug'](fields, `consumer ${name} ${what}`);
    },
    over(): void {
      if (current === undefined) return;
      const { since, tries } = current;
      current = undefined;
      const awayMs = now() - since;
      const seconds = (awayMs / 1000).toFixed(1);
      // As loud as its beginning: who has heard of the one has to hear of the other.
      log.warn({ awayMs, tries }, `consumer ${name} goes on after ${seconds} s`);
    },
  };
}
