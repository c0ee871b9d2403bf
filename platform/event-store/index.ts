import {
  BACKWARDS,
  END,
  excludeSystemEvents,
  FORWARDS,
  type ReadPosition,
  START,
} from '@eventstore/db-client';
import type { Catalogue } from '../../domain/_kernel/catalogue.ts';
import type { KeyStore } from '../keys/index.ts';
import { noKeys } from '../keys/no-keys.ts';
import type { Logger } from '../log/index.ts';
import { appendResolved } from './append.ts';
import { holdClient, withTimeout } from './client.ts';
import { createCodec } from './codec.ts';
import { createDecodeOnce } from './decode-once.ts';
import { EventStoreUnavailableError } from './errors.ts';
import { createFeed } from './feed.ts';
import { INSTALLATION_STREAM, logIdIn } from './log-id.ts';
import { createPulse } from './pulse.ts';
import { collect, createReading, wholeOf } from './reads.ts';
import { shareFeeds } from './shared-feed.ts';
import type { EventStore, OpenedEventStore } from './types.ts';

export { type AppendOutcome, askFor, untilKnown } from './append.ts';
export { createCodec, type EncodedEvent, type EventToAppend, type RawEvent } from './codec.ts';
export {
  AppendRefusedError,
  EventStoreUnavailableError,
  OutcomeUnknownError,
  ReadRefusedError,
} from './errors.ts';
export type { Feed, FeedItem } from './feed.ts';
export { foundLog, INSTALLATION_STREAM } from './log-id.ts';
export type { EventStore, OpenedEventStore, SealedLog } from './types.ts';

export function openEventStore(options: {
  url: string;
  catalogue: Catalogue;
  keys: KeyStore;
  log: Logger;
}): OpenedEventStore {
  const { catalogue, keys, log } = options;
  const holder = holdClient(options.url, log);
  const codec = createCodec(catalogue, keys);

  const reading = createReading(holder);

  const readStreamRaw: EventStore['readStreamRaw'] = (stream, { from = 0, max, deadline } = {}) =>
    reading(
      `reading ${stream}`,
      (client, alive) =>
        collect(
          client.readStream(stream, {
            direction: FORWARDS,
            fromRevision: from === 0 ? START : BigInt(from),
            ...(max === undefined ? {} : { maxCount: max }),
          }),
          alive,
        ),
      deadline,
    );

  const head = (): Promise<bigint> =>
    reading('reading the head', async (client) => {
      const [newest] = await wholeOf(
        client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }),
      );
      return newest?.event?.position.commit ?? 0n;
    });

  const pulse = createPulse(head, log);
  let knownLogId: string | undefined;

  const once = createDecodeOnce(codec.decode);
  const sealedCodec = createCodec(catalogue, noKeys);
  const feed = shareFeeds(
    (from) => {
      const fromPosition: ReadPosition = from === null ? START : { commit: from, prepare: from };
      const unfollow = pulse.follow();
      return createFeed(
        (checkpointReached) =>
          holder.current().subscribeToAll({
            fromPosition,
            filter: excludeSystemEvents({ checkpointInterval: 1, checkpointReached }),
          }),
        unfollow,
      );
    },
    (items) => once.share(items.flatMap((item) => (item.kind === 'event' ? [item.event] : []))),
  );

  const store: EventStore = {
    logId: async () => {
      knownLogId ??= logIdIn(await readStreamRaw(INSTALLATION_STREAM, { max: 1 }));
      return knownLogId;
    },
    append: async (stream, expectedRevision, events, { deadline }) => {
      // Sealing asks for people's keys, which can be slow to come, too.
      const encoded = await withTimeout(
        Promise.all(events.map((event) => codec.encode(stream, event))),
        deadline - Date.now(),
        () => new EventStoreUnavailableError(`the events of ${stream} were not sealed in time`),
      );
      const append = { stream, expectedRevision, events: encoded, deadline };
      return appendResolved(holder, readStreamRaw, append);
    },
    readStreamRaw,
    readStream: async (stream, read) => {
      const raw = await readStreamRaw(stream, read);
      const decoded = await withTimeout(
        codec.decode(raw),
        (read?.deadline ?? Number.POSITIVE_INFINITY) - Date.now(),
        () => new EventStoreUnavailableError(`the events of ${stream} were not opened in time`),
      );
      return decoded.map((event) => {
        if (event instanceof Error) throw event;
        return event;
      });
    },
    decode: once.decode,
    feed,
    idAt: (position) =>
      reading(`reading position ${position}`, async (client) => {
        const [first] = await wholeOf(
          client.readAll({
            direction: FORWARDS,
            fromPosition: { commit: position, prepare: position },
            maxCount: 1,
          }),
        );
        return first?.event?.position.commit === position ? first.event.id : null;
      }),
    head,
    ready: async () => {
      await head();
    },
    dispose: () => holder.dispose(),
  };
  return { ...store, withoutKeys: () => ({ ...store, decode: sealedCodec.decode }) };
}
