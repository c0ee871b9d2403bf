/** More work waits than can be done in time. Nothing was started; try again later. */
export class WorkQueueFullError extends Error {
  override readonly name = 'WorkQueueFullError';
}

type Waiter = {
  readonly start: () => void;
  readonly giveUp: (error: WorkQueueFullError) => void;
  readonly since: number;
};

/**
 * Runs at most `concurrency` jobs at a time. Those that wait do so in order, at most `maxWaiting`
 * of them and none longer than `maxWaitMs`: a queue without an end answers nobody in time.
 */
export function createWorkQueue(options: {
  concurrency: number;
  maxWaiting: number;
  maxWaitMs: number;
}): { run<T>(job: () => Promise<T>): Promise<T>; waiting(): number } {
  const { concurrency, maxWaiting, maxWaitMs } = options;
  const waiting: Waiter[] = [];
  let running = 0;

  const acquire = (): Promise<void> => {
    if (running < concurrency) {
      running += 1;
      return Promise.resolve();
    }
    if (waiting.length >= maxWaiting) {
      return Promise.reject(new WorkQueueFullError(`${waiting.length} jobs wait already`));
    }
    return new Promise((start, giveUp) => {
      waiting.push({ start, giveUp, since: performance.now() });
    });
  };

  const release = (): void => {
    const now = performance.now();
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (now - next.since <= maxWaitMs) {
        next.start();
        return;
      }
      next.giveUp(new WorkQueueFullError(`waited longer than ${maxWaitMs} ms`));
    }
    running -= 1;
  };

  return {
    waiting: () => waiting.length,
    async run(job) {
      await acquire();
      try {
        return await job();
      } finally {
        release();
      }
    },
  };
}
