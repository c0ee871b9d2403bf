import type { StoredEvent } from '../../domain/_kernel/event.ts';

/**
 * Where a consumer stands in the log. `position` is where to resume (exclusive), `ordinal` counts
 * application events up to and with it (dense; equal after a rebuild and after a move), `eventId` is
 * the event there and `logId` the log's installation id: a checkpoint of another log is refused.
 */
export type Checkpoint = {
  readonly logId: string;
  readonly position: bigint;
  readonly ordinal: number;
  readonly eventId: string;
};

/** An application event with its place in the log, decoded to its newest version. */
export type DeliveredEvent = StoredEvent & {
  readonly ordinal: number;
  /**
   * Why the event could not be decoded (unknown type or version, data that does not fit). Its
   * `data` and `metadata` are then as they were stored, unchecked. A consumer has to park it, never
   * to skip it.
   */
  readonly poison: Error | null;
};

export type Batch = {
  /** In log order. May be empty: then only `seen` moves. */
  readonly events: readonly DeliveredEvent[];
  /** Everything up to here was delivered in this or an earlier batch. */
  readonly seen: bigint;
  /** The checkpoint after the last event of the batch; null while there was no event yet. */
  readonly checkpoint: Checkpoint | null;
  /** Whether the subscription had caught up with the head when the batch was cut. */
  readonly live: boolean;
};

export type ConsumerPhase = 'starting' | 'catching-up' | 'live' | 'waiting' | 'stopped';

export type ConsumerHealth = {
  readonly name: string;
  readonly phase: ConsumerPhase;
  readonly handled: bigint | null;
  readonly seen: bigint | null;
  readonly ordinal: number;
  /** Age of the newest delivered event when it was applied, in milliseconds. */
  readonly lagMs: number;
  /** Why it is waiting, in one sentence; null when it is not. */
  readonly trouble: string | null;
};

/** One attempt to consume: what `open` gives back, valid until `close` or an error. */
export type ConsumerSession = {
  /** Where to resume; null: from the beginning of the log. */
  readonly checkpoint: Checkpoint | null;
  /** Applies one batch durably, checkpoint included. Throwing ends the session; it is reopened. */
  apply(batch: Batch): Promise<void>;
  /** Rejects when the session is lost (its database connection or its lock); never resolves. */
  readonly lost: Promise<never>;
  close(): Promise<void>;
};

export type ConsumerDefinition = {
  readonly name: string;
  /** Takes the lock and reads the checkpoint. Throwing is retried with back-off. */
  open(): Promise<ConsumerSession>;
  /** Most events in one batch. */
  readonly maxBatch?: number;
  /** The same until it has caught up, when nobody waits for one of them; as many when left out. */
  readonly maxCatchUpBatch?: number;
};

export type Consumer = {
  health(): ConsumerHealth;
  /** Resolves once everything up to the position was applied here; rejects with the signal's reason. */
  reached(position: bigint, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
};
