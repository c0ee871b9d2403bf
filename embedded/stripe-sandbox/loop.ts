import { isUnavailable, type Log } from './store/pool.ts';

export type Loop = {
  /** There is work: look now instead of at the next turn. */
  wake(): void;
  stop(): Promise<void>;
};
type Options = {
  name: string;
  log: Log;
  /** Does what is due; answers in how many milliseconds something is due next. */
  turn: () => Promise<number>;
  /** The longest sleep, so that work of a process that died is found too. */
  idleMs: number;
};

/** Repeats `turn` until stopped. A failed turn is logged and repeated: the rows are still there. */
export function startLoop({ name, log, turn, idleMs }: Options): Loop {
  let stopped = false;
  let woken = false;
  let interrupt: (() => void) | undefined;
  let complained = false;

  async function run(): Promise<void> {
    while (!stopped) {
      woken = false;
      const wait = await guarded();
      if (!stopped && !woken) await sleep(Math.max(0, Math.min(wait, idleMs)));
    }
  }

  async function guarded(): Promise<number> {
    try {
      const wait = await turn();
      complained = false;
      return wait;
    } catch (error) {
      // One line per outage, not two a second.
      if (!complained || !isUnavailable(error)) {
        log('warn', `${name} waits`, {
          error: error instanceof Error ? error.message : String(error),
        });
      }
      complained = true;
      return 500;
    }
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const wake = (): void => {
    woken = true;
    interrupt?.();
  };
  const finished = run();
  return {
    wake,
    async stop() {
      stopped = true;
      wake();
      await finished;
    },
  };
}
