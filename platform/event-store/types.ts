import type { StoredEvent } from '../../domain/_kernel/event.ts';
import type { AppendOutcome } from './append.ts';
import type { EventToAppend, RawEvent } from './codec.ts';
import type { Feed } from './feed.ts';

/** From a revision on, at most so many; `deadline` (epoch ms): later nobody needs them any more. */
export type StreamRange = {
  readonly from?: number;
  readonly max?: number;
  readonly deadline?: number;
};

/** Where an event is appended and read by its meaning: personal data sealed on the way in, opened on the way out. */
export type EventStore = {
  /**
   * Appends all or nothing at an exact revision (-1: the stream must not exist yet).
   * `retried`: the outcome was unknown in between, so the events may be those of an earlier try.
   */
  append(
    stream: string,
    expectedRevision: number,
    events: readonly EventToAppend[],
    options: { deadline: number },
  ): Promise<AppendOutcome & { readonly retried: boolean }>;
  /** Decoded events from a revision on; [] for a stream that is not there. Throws on a poison event. */
  readStream(stream: string, range?: StreamRange): Promise<StoredEvent[]>;
  /** As stored, for auditors: personal values stay sealed. */
  readStreamRaw(stream: string, range?: StreamRange): Promise<RawEvent[]>;
  decode(raw: readonly RawEvent[]): Promise<(StoredEvent | Error)[]>;
  /** Everything after a position (null: from the start), live, application events only. */
  feed(from: bigint | null): Feed;
  /** The installation id in the log's first application event. Throws while the log is not founded. */
  logId(): Promise<string>;
  /** The id of the event that stands exactly at a position; null where none does. */
  idAt(position: bigint): Promise<string | null>;
  /** The position of the newest event of any kind. */
  head(): Promise<bigint>;
  /** Resolves when the store answers; throws `EventStoreUnavailableError`. */
  ready(): Promise<void>;
  dispose(): Promise<void>;
};

/** What follows the log and sees no person in it: to it everybody reads as erased. */
export type SealedLog = Pick<
  EventStore,
  'readStreamRaw' | 'decode' | 'feed' | 'logId' | 'idAt' | 'head'
>;

export type OpenedEventStore = EventStore & {
  /** For whoever must not see a person, over the same connection and subscription. */
  withoutKeys(): SealedLog;
};
