import type { OpaqueAggregate } from '../../domain/_kernel/aggregate.ts';
import type { StoredEvent } from '../../domain/_kernel/event.ts';
import type { EventStore } from '../../platform/event-store/index.ts';
import type { Host } from '../../platform/host/index.ts';

/** Where a command's events stand in a stream; the events themselves are read again on a repeat. */
export type CommandTrace = {
  readonly inputHash: string;
  readonly first: number;
  readonly count: number;
};

/**
 * A stream as this process knows it: its folded state, its last revision and the commands in it.
 * One owner folds it, in O(1) per event; it may be behind the store, never beside it.
 */
export type CachedStream = {
  state: unknown;
  /** Last revision folded; -1: no events. */
  revision: number;
  readonly commands: Map<string, CommandTrace>;
  /**
   * When the store was last known to have nothing newer, in ms of the clock that only goes forward:
   * set back a day, the other one would have a state that is a day old look new.
   */
  checkedAt: number;
  /** Batches for which the tail is read first, because another process writes here too. */
  contended: number;
  /** The state without what was decided and not stored yet; only of streams that had a conflict. */
  spare: Spare | null;
};

/** A second copy of a state, which only stored events are folded into. */
type Spare = { state: unknown; revision: number };

/** After a conflict the tail is read first for this many batches. */
const CONTENDED_BATCHES = 16;
/** Up to here the whole stream is read again as fast as its tail. */
const SHORT_EVENTS = 16;

export function emptyStream(aggregate: OpaqueAggregate): CachedStream {
  return {
    state: aggregate.initial(),
    revision: -1,
    commands: new Map(),
    checkedAt: Number.NEGATIVE_INFINITY,
    contended: 0,
    spare: null,
  };
}

/** Folds events into the entry. They must be the next ones of the stream. */
export function foldInto(
  aggregate: OpaqueAggregate,
  entry: CachedStream,
  events: readonly StoredEvent[],
): void {
  for (const event of events) {
    if (event.revision !== entry.revision + 1) {
      throw new RangeError(`${event.stream}: revision ${event.revision} follows ${entry.revision}`);
    }
    entry.state = aggregate.evolve(entry.state, event);
    entry.revision = event.revision;
    const { commandId, inputHash } = event.metadata;
    const trace = entry.commands.get(commandId);
    entry.commands.set(
      commandId,
      trace === undefined
        ? { inputHash, first: event.revision, count: 1 }
        : { ...trace, count: trace.count + 1 },
    );
  }
}

/** Brings the entry up to the store: reads what is after its revision, until the deadline (epoch ms). */
export async function readTail(
  { eventStore, host }: { readonly eventStore: EventStore; readonly host: Host },
  aggregate: OpaqueAggregate,
  stream: string,
  entry: CachedStream,
  deadline: number,
): Promise<void> {
  const askedAt = host.elapsed();
  const events = await eventStore.readStream(stream, { from: entry.revision + 1, deadline });
  foldInto(aggregate, entry, events);
  foldStored(aggregate, entry, events);
  entry.checkedAt = askedAt;
}

/** What was appended is true for the spare as well. */
export function foldStored(
  aggregate: OpaqueAggregate,
  { spare }: CachedStream,
  events: readonly StoredEvent[],
): void {
  if (spare === null) return;
  for (const event of events) {
    spare.state = aggregate.evolve(spare.state, event);
    spare.revision = event.revision;
  }
}

/**
 * The entry as if `unstored` had never been folded, which a conflict refused: `evolve` may change the
 * state it is given, so that one is lost. With a spare only the tail has to be read; without one the
 * whole stream, which is how its first conflict ends.
 */
export function afterConflict(
  aggregate: OpaqueAggregate,
  { spare, commands, checkedAt }: CachedStream,
  unstored: readonly StoredEvent[],
): CachedStream {
  const contended = CONTENDED_BATCHES;
  if (spare === null) return { ...emptyStream(aggregate), contended };
  for (const { metadata } of unstored) commands.delete(metadata.commandId);
  return { ...spare, commands, checkedAt, contended, spare: null };
}

/**
 * Has a spare for the next conflict of a stream that had one and is long: to copy the state of 10,000
 * events takes milliseconds, to read and fold them again takes hundreds. Everything in the entry has
 * to be stored.
 */
export function keepSpare(entry: CachedStream): void {
  if (entry.contended === 0 || entry.spare !== null || entry.revision < SHORT_EVENTS) return;
  entry.spare = { state: structuredClone(entry.state), revision: entry.revision };
}

/** What an entry weighs by itself, in remembered commands (some 300 bytes each). */
const OWN_WEIGHT = 8;
const weightOf = ({ commands, spare }: CachedStream): number =>
  (OWN_WEIGHT + commands.size) * (spare === null ? 1 : 2);

/**
 * Keeps the most recently used entries, of at least `weight` altogether and at most twice that: a full
 * young generation becomes the old one. An entry weighs what it remembers, because a stream of 100,000
 * enrollments is no smaller than 10,000 streams. To evict the very oldest costs more the more entries
 * were taken out before it, for a `Map` walks over its deleted ones (a tenth of the write API's time
 * went there). What is in use is not in the cache: it has an owner.
 */
export function createStreamCache(weight: number) {
  let young = new Map<string, CachedStream>();
  let old = new Map<string, CachedStream>();
  let youngWeight = 0;
  const peek = (stream: string): CachedStream | undefined => young.get(stream) ?? old.get(stream);
  const remove = (stream: string): void => {
    const entry = young.get(stream);
    if (entry === undefined) {
      old.delete(stream);
      return;
    }
    youngWeight -= weightOf(entry);
    young.delete(stream);
  };
  return {
    /** Takes the entry out: nobody else can fold it while it is in use. */
    take: (stream: string): CachedStream | undefined => {
      const entry = peek(stream);
      remove(stream);
      return entry;
    },
    /** Puts it back, only after success: an entry whose work failed is dropped and read anew. */
    put: (stream: string, entry: CachedStream): void => {
      remove(stream);
      if (youngWeight >= weight) {
        old = young;
        young = new Map();
        youngWeight = 0;
      }
      young.set(stream, entry);
      youngWeight += weightOf(entry);
    },
    /** A look without taking it: for a synchronous view only. */
    peek: (stream: string): Readonly<CachedStream> | undefined => peek(stream),
    get entries() {
      return young.size + old.size;
    },
  };
}

export type StreamCache = ReturnType<typeof createStreamCache>;
