import { type Host, machine } from '../../platform/host/index.ts';

/** Lets a loop sleep until there is something to do: a wake while it works is not lost. */
export type Wake = {
  wake(): void;
  /** A wake came since the last sleep: the next one ends at once. */
  woken(): boolean;
  /** Resolves on the next wake (at once if one came since the last sleep), or after `ms`. */
  sleep(ms: number): Promise<void>;
};

export function createWake(host: Host = machine): Wake {
  let pending = false;
  let resolveSleep: (() => void) | undefined;
  return {
    wake: () => {
      pending = true;
      resolveSleep?.();
    },
    woken: () => pending,
    sleep: (ms) =>
      new Promise((resolve) => {
        const end = (): void => {
          callOff();
          resolveSleep = undefined;
          pending = false;
          resolve();
        };
        const callOff = host.after(ms, end);
        resolveSleep = end;
        if (pending) end();
      }),
  };
}

/** Waits for work that is about to end, but not for ever: what is cut off is leased and repeated. */
export async function atMost(
  work: Promise<unknown>,
  ms: number,
  host: Host = machine,
): Promise<void> {
  let callOff: (() => void) | undefined;
  const enough = new Promise<void>((resolve) => {
    callOff = host.after(ms, resolve);
  });
  await Promise.race([work, enough]);
  callOff?.();
}

/** At a stop: how long the work under way may take to end. */
export const PATIENCE_MS = 3000;
