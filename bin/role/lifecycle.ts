import type { Logger } from '../../platform/log/index.ts';

/** Things that were opened, closed again in reverse order. */
export type Closers = {
  add(name: string, close: () => Promise<void> | void): void;
  closeAll(log: Logger): Promise<void>;
};

export function createClosers(): Closers {
  const list: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];
  return {
    add: (name, close) => list.push({ name, close }),
    closeAll: async (log) => {
      for (const { name, close } of list.splice(0).reverse()) {
        try {
          log.debug({ part: name }, 'closing');
          await close();
        } catch (error) {
          log.warn({ err: error, part: name }, 'a part did not close cleanly');
        }
      }
    },
  };
}

/** Everything gets this long to finish what it has begun. */
const PATIENCE_MS = 5000;

/**
 * Resolves when somebody wants the process to end: a signal, or the supervisor's channel closing
 * (it is gone, so nobody would restart or stop us).
 */
export function asked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => resolve(signal));
    process.once('disconnect', () => resolve('the supervisor is gone'));
  });
}

/** Ends the process when the work is done, or when patience is at its end. */
export async function endWithin(work: Promise<void>): Promise<never> {
  // Not unref'd: work that waits for something that never comes must not end the process by itself.
  setTimeout(() => process.exit(1), PATIENCE_MS);
  await work;
  process.exit(0);
}
