import { type ResolvedEvent, StreamDeletedError, StreamNotFoundError } from '@eventstore/db-client';
import { timeLimits } from '../time-limits.ts';
import type { ClientHolder } from './client.ts';
import { type RawEvent, rawEventOf } from './codec.ts';
import { EventStoreUnavailableError, ReadRefusedError } from './errors.ts';

type Client = ReturnType<ClientHolder['current']>;

/** A read: it calls `alive` at every sign of the store. */
type Read<T> = (client: Client, alive: () => void) => Promise<T>;

/**
 * A read to its end, also where one event was asked for: the official client keeps the call of a read
 * that was left before for as long as it lives. The look at the head of each pulse, and the one at a
 * checkpoint of each session, left some 20 kB behind.
 */
export async function wholeOf<T>(read: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of read) all.push(item);
  return all;
}

/** All events of a read; a stream that is not there has none. */
export async function collect(
  read: AsyncIterable<ResolvedEvent>,
  alive: () => void,
): Promise<RawEvent[]> {
  const events: RawEvent[] = [];
  try {
    for await (const resolved of read) {
      alive();
      const raw = rawEventOf(resolved);
      if (raw !== null) events.push(raw);
    }
  } catch (error) {
    if (error instanceof StreamNotFoundError) return [];
    throw error;
  }
  return events;
}

/** Ends the wait when the store was silent for so long, or at the deadline. */
async function unlessSilent<T>(
  what: string,
  deadline: number,
  work: (alive: () => void) => Promise<T>,
): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const tell = (): void => reject(new EventStoreUnavailableError(`no answer to ${what}`));
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const alive = (): void => {
    clearTimeout(timer);
    const left = Math.min(timeLimits.eventStore.silenceMs, deadline - Date.now());
    if (!over) timer = setTimeout(tell, Math.max(0, left));
  };
  alive();
  try {
    return await Promise.race([work(alive), silence]);
  } finally {
    over = true;
    clearTimeout(timer);
  }
}

/** That is an answer, and no fault of the client, whose end would be that of all in flight on it. */
function refuseDeleted(what: string, error: unknown): void {
  if (!(error instanceof StreamDeletedError)) return;
  throw new ReadRefusedError(`${what}: it was deleted for good`, { cause: error });
}

/** Reads over the client that serves now; `deadline`: epoch ms. */
export function createReading(holder: ClientHolder) {
  const readOnce = async <T>(
    what: string,
    client: Client,
    work: Read<T>,
    deadline: number,
  ): Promise<T> => {
    const result = await unlessSilent(what, deadline, (alive) => work(client, alive));
    // The official client ends a read that its disposal cancelled as if it were complete: with half
    // a stream, or none. Whoever decided on that refused seats that were there.
    if (!holder.serves(client)) throw new Error('its client was replaced meanwhile');
    return result;
  };

  return async <T>(
    what: string,
    work: Read<T>,
    deadline: number = Number.POSITIVE_INFINITY,
  ): Promise<T> => {
    const attempt = async (last: boolean): Promise<T> => {
      const client = holder.current();
      if (!holder.serves(client)) throw new EventStoreUnavailableError(`${what}: closed`);
      try {
        return await readOnce(what, client, work, deadline);
      } catch (error) {
        refuseDeleted(what, error);
        // At a deadline that came too soon nothing is known about the client, which serves others.
        if (Date.now() < deadline) holder.renew(client);
        // A read changes nothing, so it is simply tried again once on a fresh connection.
        if (!last && !(error instanceof EventStoreUnavailableError)) return attempt(true);
        throw new EventStoreUnavailableError(`${what} failed`, { cause: error });
      }
    };
    return attempt(false);
  };
}
