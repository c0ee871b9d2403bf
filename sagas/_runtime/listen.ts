import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/log/index.ts';
import { openSession } from '../../platform/postgres/index.ts';

export type Listener = { stop(): Promise<void> };

const PAUSE_MS = 1000;

/**
 * Listens to a channel of Postgres, for ever: a lost connection is replaced, and after that `heard`
 * is called once, because something may have been missed. Only a hint: whoever listens polls too.
 */
export function listen(options: {
  url: string;
  channel: string;
  heard: () => void;
  log: Logger;
}): Listener {
  const { url, channel, heard, log } = options;
  let stopped = false;
  let end: () => void = () => undefined;

  const once = async (): Promise<void> => {
    const client = await openSession({ url, name: `listen ${channel}` });
    const over = new Promise<void>((resolve) => {
      end = resolve;
      client.on('end', () => resolve());
      client.on('error', (error) => {
        log.warn({ err: error, channel }, 'the connection that listens was lost');
        resolve();
      });
    });
    client.on('notification', heard);
    await client.query(`listen ${channel}`);
    heard();
    if (stopped) end();
    await over;
    await client.end().catch(() => {
      // It was cut already.
    });
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      await once().catch((error: unknown) =>
        log.warn({ err: error, channel }, 'cannot listen; polling goes on'),
      );
      if (!stopped) await delay(PAUSE_MS, undefined, { ref: false });
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopped = true;
      end();
      await running;
    },
  };
}
