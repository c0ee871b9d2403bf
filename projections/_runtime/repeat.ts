/** Does something every so often, never twice at the same time; a failure does not end it. */
export function repeat(options: {
  everyMs: number;
  work: () => Promise<void>;
  failed: (error: unknown) => void;
}): { stop(): Promise<void> } {
  const { everyMs, work, failed } = options;
  let working: Promise<void> | undefined;
  const timer = setInterval(() => {
    working ??= work()
      .catch(failed)
      .finally(() => {
        working = undefined;
      });
  }, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await working;
    },
  };
}
