import { createContext, Script } from 'node:vm';

/** A page of events takes an honest expression a millisecond or two. */
const MOST_MS = 50;
/** A thread that was not let run is no slow expression: then it is tried again. */
const BUSY_SHARE = 0.7;
const STRIKES = 2;
const TRIES = 10;

/** A regular expression went on for so long that it was stopped. */
export class TooSlowError extends Error {
  override name = 'TooSlowError';
}

const bench = createContext({ work: (): unknown => undefined });
const script = new Script('work()');

/**
 * Runs something that may never end, such as a regular expression of a stranger's, and stops it when
 * it takes too long. V8 can be interrupted in the midst of backtracking; the watch costs a tenth of a
 * millisecond, so it is for a page of events, not for each.
 */
export const guarded = <T>(work: () => T): T => {
  bench['work'] = work;
  try {
    return patiently(() => script.runInContext(bench, { timeout: MOST_MS }));
  } finally {
    bench['work'] = undefined;
  }
};

/** The watch goes by the clock, the verdict by what the thread has computed. */
const patiently = <T>(run: () => T): T => {
  let strikes = 0;
  for (let tries = 1; ; tries += 1) {
    const before = process.threadCpuUsage();
    try {
      return run();
    } catch (error) {
      if (!hasCode(error, 'ERR_SCRIPT_EXECUTION_TIMEOUT')) throw error;
      const { user, system } = process.threadCpuUsage(before);
      if ((user + system) / 1_000 > MOST_MS * BUSY_SHARE) strikes += 1;
      if (strikes < STRIKES && tries < TRIES) continue;
      throw new TooSlowError(`it took longer than ${MOST_MS} ms`, { cause: error });
    }
  }
};

const hasCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

// An expression that cannot backtrack much: characters one after the other, or some such sequences to
// choose from, with one repetition at most, at the very end.
const CHARACTER = String.raw`(?:[^\\^$.*+?()[\]{}|]|\.|\\[^a-zA-Z0-9]|\\[dDwWsS]|\[(?:[^\\\]]|\\.)*\])`;
const SEQUENCE = String.raw`\^?${CHARACTER}*(?:${CHARACTER}[*+])?`;
const CHOICE = String.raw`\^?\((?:\?:)?${CHARACTER}*(?:\|${CHARACTER}*)*\)${CHARACTER}*`;
const HARMLESS = new RegExp(`^(?:${SEQUENCE}(?:\\|${SEQUENCE})*|${CHOICE})$`);
const HARMLESS_LENGTH = 128;

/** Whether an expression needs no watch, since its time is bounded by the length of what it looks at. */
export const isHarmless = (expression: string): boolean =>
  expression.length <= HARMLESS_LENGTH && HARMLESS.test(expression);
