/** A bell that remembers: one who was away when it rang hears it when it comes back. */
export type Bell = {
  ring(): void;
  /** Forgets what rang until now. */
  take(): void;
  /** Until it rings, or has rung since it was taken; at most so long. */
  within(ms: number): Promise<void>;
};

export function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    take() {
      rung = false;
    },
    within: (ms) =>
      rung
        ? Promise.resolve()
        : new Promise((resolve) => {
            const timer = setTimeout(() => wake?.(), Math.max(0, ms));
            wake = () => {
              clearTimeout(timer);
              wake = undefined;
              resolve();
            };
          }),
  };
}
