import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from '../log/index.ts';
import { timeLimits } from '../time-limits.ts';
import { endSession, openSession } from './index.ts';

export type Listener = { stop(): Promise<void> };

const { heartbeatMs, quietMs, probeMs } = timeLimits.session;

/**
 * Listens to a channel of Postgres until it is stopped: a connection that is lost is replaced. What
 * is told while there is none is missed, and `connected` is the moment to make up for it. Only a
 * hint: whoever must not miss anything polls, too.
 */
export function listen(options: {
  url: string;
  /** An identifier; it is not quoted. */
  channel: string;
  heard: (payload: string) => void;
  /** From now on nothing is missed. Throwing ends the connection; it is opened again. */
  connected?: () => Promise<void> | void;
  /** What was heard may be out of date from now on. */
  lost?: () => void;
  log: Logger;
}): Listener {
  const { url, channel, heard, connected, lost, log } = options;
  const stopping = new AbortController();

  /** One connection from its opening to whatever ends it. */
  const once = async (): Promise<never> => {
    const client = await openSession({ url, name: `listen ${channel}` });
    const { promise: ended, reject } = Promise.withResolvers<never>();
    ended.catch(() => {
      // Awaited below, unless the connection ended before that.
    });
    const stop = (): void => reject(stopping.signal.reason);
    stopping.signal.addEventListener('abort', stop, { once: true });
    client.on('error', reject);
    client.on('end', () => reject(new Error('the connection ended')));
    client.on('notification', ({ payload = '' }) => {
      try {
        heard(payload);
      } catch (error) {
        log.error({ err: error, channel }, 'a notification that nobody of us wrote');
      }
    });
    try {
      stopping.signal.throwIfAborted();
      await Promise.race([client.query(`listen ${channel}`), ended]);
      await Promise.race([connected?.(), ended]);
      return await Promise.race([ended, heartbeat(client)]);
    } finally {
      stopping.signal.removeEventListener('abort', stop);
      lost?.();
      await endSession(client);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await once();
      } catch (error) {
        if (stopping.signal.aborted) break;
        log.warn({ err: error, channel }, 'not listening to Postgres; connecting again');
        await delay(timeLimits.retryMs.listen, undefined, {
          signal: stopping.signal,
          ref: false,
        }).catch(() => {
          // Stopped while waiting: the loop's condition ends it.
        });
      }
    }
  };
  const running = run();

  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/**
 * Nothing is told while nothing happens, and nothing is told by a connection whose other end is gone
 * without a word: it has to be asked. Rejects when there is no answer.
 */
async function heartbeat(client: pg.Client): Promise<never> {
  for (;;) {
    await delay(heartbeatMs, undefined, { ref: false });
    const late = delay(quietMs + probeMs, undefined, { ref: false }).then(() => {
      throw new Error('the connection does not answer');
    });
    await Promise.race([client.query('select 1'), late]);
  }
}
