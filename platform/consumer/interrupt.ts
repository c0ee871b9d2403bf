/**
 * Lets many short waits end together. `Promise.race` against one long-lived promise would do the
 * same, but every race adds a reaction to it that is only freed when it settles: a leak in a loop.
 */
export type Interrupt = {
  /** Rejects every guarded wait, now and from now on. The first reason stays. */
  interrupt(reason: Error): void;
  guard<T>(work: Promise<T>): Promise<T>;
  readonly reason: () => Error | undefined;
};

export function createInterrupt(): Interrupt {
  const pending = new Set<(reason: Error) => void>();
  let interrupted: Error | undefined;
  return {
    reason: () => interrupted,
    interrupt: (reason) => {
      interrupted ??= reason;
      for (const reject of pending) reject(interrupted);
      pending.clear();
    },
    guard: (work) =>
      new Promise((resolve, reject) => {
        if (interrupted !== undefined) {
          work.catch(() => {
            // Whoever interrupted has the reason; the work's own end does not matter any more.
          });
          reject(interrupted);
          return;
        }
        pending.add(reject);
        work.then(resolve, reject).finally(() => pending.delete(reject));
      }),
  };
}
