import type { ServerDuplexStream } from '@grpc/grpc-js';

/** Appends of one client that may wait at once, and answers that it has not read yet. */
const MOST_OUTSTANDING = 4_096;

/** Stops reading a client that sends faster than it is served, or that does not read its answers. */
export type Flow = {
  readonly outstanding: number;
  submitted(): void;
  settled(): void;
  /** Whether something has to be found out before more may come. */
  asking(on: boolean): void;
  /** `drained` settles when the client has read what was sent to it. */
  sent(drained: Promise<unknown> | undefined): void;
};

export const createFlow = (
  call: Pick<ServerDuplexStream<unknown, Buffer>, 'pause' | 'resume' | 'writableLength'>,
): Flow => {
  let outstanding = 0;
  let crowded = false;
  let unread = false;
  let asking = false;
  const changed = (): void => {
    if (crowded || unread || asking) call.pause();
    else call.resume();
  };
  return {
    get outstanding() {
      return outstanding;
    },
    submitted() {
      outstanding += 1;
      if (crowded || outstanding < MOST_OUTSTANDING) return;
      crowded = true;
      changed();
    },
    settled() {
      outstanding -= 1;
      if (!crowded || outstanding > MOST_OUTSTANDING >> 1) return;
      crowded = false;
      changed();
    },
    asking(on) {
      asking = on;
      changed();
    },
    sent(drained) {
      if (unread || drained === undefined || call.writableLength < MOST_OUTSTANDING) return;
      unread = true;
      changed();
      void drained.then(() => {
        unread = false;
        changed();
      });
    },
  };
};
