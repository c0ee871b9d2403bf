import type { Logger } from '../log/index.ts';
import { timeLimits } from '../time-limits.ts';

/**
 * Asks the store for a sign of life as long as somebody follows it. A log without news is silent, and
 * so is a connection whose other end is gone without a word: only asking tells. `ask` has to end what
 * hangs when it gets no answer.
 *
 * Not the keepalive of gRPC: the official client warns of less than ten seconds at every connection,
 * and a ping is answered by a store that answers nothing else.
 */
export function createPulse(ask: () => Promise<unknown>, log: Logger) {
  let followers = 0;
  let timer: NodeJS.Timeout | undefined;

  const beat = async (): Promise<void> => {
    await ask().catch((error: unknown) =>
      log.debug({ err: error }, 'the event store gives no sign of life'),
    );
    if (followers > 0) wait();
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void beat(), timeLimits.eventStore.pulseMs);
    timer.unref();
  };

  return {
    /** Somebody follows from now on; the function that is given ends it, once. */
    follow: (): (() => void) => {
      followers += 1;
      if (followers === 1) wait();
      let following = true;
      return () => {
        if (!following) return;
        following = false;
        followers -= 1;
        if (followers === 0) clearTimeout(timer);
      };
    },
  };
}
