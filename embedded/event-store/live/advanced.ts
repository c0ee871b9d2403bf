import type { Hub } from './hub.ts';

/** Settles when something was committed behind a position, or when nobody wants to know any more. */
export const advanced = (
  hub: Pick<Hub, 'head' | 'onAdvance'>,
  cursor: bigint,
  over: AbortSignal,
): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      off();
      over.removeEventListener('abort', done);
      resolve();
    };
    const off = hub.onAdvance(() => {
      if (hub.head > cursor) done();
    });
    over.addEventListener('abort', done, { once: true });
    if (over.aborted) done();
  });
