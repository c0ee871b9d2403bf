import {
  BACKWARDS,
  END,
  excludeSystemEvents,
  FORWARDS,
  type ReadPosition,
  type ResolvedEvent,
  START,
  StreamNotFoundError,
} from '@eventstore/db-client';
import type { Catalogue } from '../../domain/_kernel/catalogue.ts';
import type { KeyStore } from '../keys/index.ts';
import type { Logger } from '../log/index.ts';
import { appendResolved, holdClient, withTimeout } from './client.ts';
import { createCodec, type RawEvent, rawEventOf } from './codec.ts';
import { EventStoreUnavailableError } from './errors.ts';
import { createFeed } from './feed.ts';
import { INSTALLATION_STREAM, logIdIn } from './log-id.ts';
import type { EventStore } from './types.ts';

export { type AppendOutcome, untilKnown } from './client.ts';
export { createCodec, type EncodedEvent, type EventToAppend, type RawEvent } from './codec.ts';
export { AppendRefusedError, EventStoreUnavailableError, OutcomeUnknownError } from './errors.ts';
export type { Feed, FeedItem } from './feed.ts';
export { foundLog, INSTALLATION_STREAM } from './log-id.ts';
export type { EventStore } from './types.ts';

/** All events of a read; a stream that is not there has none. */
async function collect(read: AsyncIterable<ResolvedEvent>): Promise<RawEvent[]> {
  const events: RawEvent[] = [];
  try {
    for await (const resolved of read) {
      const raw = rawEventOf(resolved);
      if (raw !== null) events.push(raw);
    }
  } catch (error) {
    if (error instanceof StreamNotFoundError) return [];
    throw error;
  }
  return events;
}

const READ_TIMEOUT_MS = 10_000;

export function openEventStore(options: {
  url: string;
  catalogue: Catalogue;
  keys: KeyStore;
  log: Logger;
}): EventStore {
  const { catalogue, keys, log } = options;
  const holder = holdClient(options.url, log);
  const codec = createCodec(catalogue, keys);

  type Client = ReturnType<typeof holder.current>;
  const readOnce = async <T>(
    what: string,
    client: Client,
    work: (client: Client) => Promise<T>,
  ): Promise<T> => {
    const result = await withTimeout(
      work(client),
      READ_TIMEOUT_MS,
      () => new EventStoreUnavailableError(`no answer to ${what} within ${READ_TIMEOUT_MS} ms`),
    );
    // The official client ends a read that its disposal cancelled as if it were complete: with half
    // a stream, or none. Whoever decided on that refused seats that were there.
    if (!holder.serves(client)) throw new Error('its client was replaced meanwhile');
    return result;
  };

  const reading = async <T>(what: string, work: (client: Client) => Promise<T>): Promise<T> => {
    // A read changes nothing, so it is simply tried again once on a fresh connection.
    for (let attempt = 0; ; attempt += 1) {
      const client = holder.current();
      if (!holder.serves(client)) throw new EventStoreUnavailableError(`${what}: closed`);
      try {
        return await readOnce(what, client, work);
      } catch (error) {
        holder.renew(client);
        if (attempt === 0 && !(error instanceof EventStoreUnavailableError)) continue;
        throw new EventStoreUnavailableError(`${what} failed`, { cause: error });
      }
    }
  };

  const readStreamRaw: EventStore['readStreamRaw'] = (stream, { from = 0, max } = {}) =>
    reading(`reading ${stream}`, (client) =>
      collect(
        client.readStream(stream, {
          direction: FORWARDS,
          fromRevision: from === 0 ? START : BigInt(from),
          ...(max === undefined ? {} : { maxCount: max }),
        }),
      ),
    );

  const head = (): Promise<bigint> =>
    reading('reading the head', async (client) => {
      for await (const { event } of client.readAll({
        direction: BACKWARDS,
        fromPosition: END,
        maxCount: 1,
      })) {
        return event?.position.commit ?? 0n;
      }
      return 0n;
    });

  let knownLogId: string | undefined;

  return {
    logId: async () => {
      knownLogId ??= logIdIn(await readStreamRaw(INSTALLATION_STREAM, { max: 1 }));
      return knownLogId;
    },
    append: async (stream, expectedRevision, events, { deadline }) => {
      const encoded = await Promise.all(events.map((event) => codec.encode(stream, event)));
      return appendResolved(holder, stream, expectedRevision, encoded, deadline);
    },
    readStreamRaw,
    readStream: async (stream, read) => {
      const decoded = await codec.decode(await readStreamRaw(stream, read));
      return decoded.map((event) => {
        if (event instanceof Error) throw event;
        return event;
      });
    },
    decode: (raw) => codec.decode(raw),
    feed: (from) => {
      const fromPosition: ReadPosition = from === null ? START : { commit: from, prepare: from };
      return createFeed((checkpointReached) =>
        holder.current().subscribeToAll({
          fromPosition,
          filter: excludeSystemEvents({ checkpointInterval: 1, checkpointReached }),
        }),
      );
    },
    idAt: (position) =>
      reading(`reading position ${position}`, async (client) => {
        for await (const { event } of client.readAll({
          direction: FORWARDS,
          fromPosition: { commit: position, prepare: position },
          maxCount: 1,
        })) {
          return event?.position.commit === position ? event.id : null;
        }
        return null;
      }),
    head,
    ready: async () => {
      await head();
    },
    dispose: () => holder.dispose(),
  };
}
