import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import type { Logger } from '../log/index.ts';

/**
 * The official client, kept usable: it has no time-out of its own on a batch append, and it may keep
 * a failed connection or a failed feature probe for ever, so after a failure a new one takes over.
 */
export type ClientHolder = {
  current(): EventStoreDBClient;
  /** False once it was replaced or closed: then what it says of a read is not to be believed. */
  serves(client: EventStoreDBClient): boolean;
  /** Replaces the client that failed; many callers that saw the same one fail replace it once. */
  renew(failed: EventStoreDBClient): void;
  dispose(): Promise<void>;
};

const DISPOSE_MS = 1000;

const KEEP_ALIVE_TIMEOUT = /([?&]keepAliveTimeout=)(\d+)/i;
const USUAL_KEEP_ALIVE_TIMEOUT_MS = 10_000;
let connections = 0;

/**
 * The URL for a client with a connection of its own. gRPC shares connections between channels with
 * the same options in a process, so a new client would go on with the one that is dead, for as long
 * as nobody tells that it is. One option differs by a millisecond, which is nothing to anybody.
 */
export function apart(url: string): string {
  connections += 1;
  if (KEEP_ALIVE_TIMEOUT.test(url)) {
    return url.replace(KEEP_ALIVE_TIMEOUT, (_all, name, ms) => name + (Number(ms) + connections));
  }
  const separator = url.includes('?') ? '&' : '?';
  return `${url}${separator}keepAliveTimeout=${USUAL_KEEP_ALIVE_TIMEOUT_MS + connections}`;
}

export function holdClient(url: string, log: Logger): ClientHolder {
  let client = EventStoreDBClient.connectionString(apart(url));
  // Not the time of day, which may be set back: then nothing would be renewed for hours.
  let renewedAt = Number.NEGATIVE_INFINITY;
  let disposed = false;
  const retire = (old: EventStoreDBClient): void => {
    old
      .dispose()
      .catch((error: unknown) =>
        log.debug({ err: error }, 'an event store client did not close cleanly'),
      );
  };
  return {
    current: () => client,
    serves: (one) => one === client && !disposed,
    renew: (failed) => {
      // Disposing cancels everything else in flight on it, so at most once a second.
      if (disposed || failed !== client || performance.now() - renewedAt < 1000) return;
      renewedAt = performance.now();
      client = EventStoreDBClient.connectionString(apart(url));
      retire(failed);
    },
    // The client waits for each of its streams to tell that it ended, and one that had ended before
    // it was asked never tells.
    dispose: async () => {
      disposed = true;
      await Promise.race([client.dispose(), delay(DISPOSE_MS)]);
    },
  };
}

/** Rejects after `ms` (which may be infinite) with `error`. */
export async function withTimeout<T>(work: Promise<T>, ms: number, error: () => Error): Promise<T> {
  // A timer of more than 24 days would go off at once.
  if (ms === Number.POSITIVE_INFINITY) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error()), Math.max(1, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
