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
