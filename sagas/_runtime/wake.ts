/** Lets a loop sleep until there is something to do: a wake while it works is not lost. */
export type Wake = {
  wake(): void;
  /** Resolves on the next wake (at once if one came since the last sleep), or after `ms`. */
  sleep(ms: number): Promise<void>;
};

export function createWake(): Wake {
  let pending = false;
  let resolveSleep: (() => void) | undefined;
  return {
    wake: () => {
      pending = true;
      resolveSleep?.();
    },
    sleep: (ms) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          resolveSleep = undefined;
          pending = false;
          resolve();
        };
        const timer = setTimeout(end, ms);
        resolveSleep = end;
        if (pending) end();
      }),
  };
}

/** Waits for work that is about to end, but not for ever: what is cut off is leased and repeated. */
export async function atMost(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, enough]);
  clearTimeout(timer);
}

/** At a stop: how long the work under way may take to end. */
export const PATIENCE_MS = 3000;
