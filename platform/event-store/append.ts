import {
  AccessDeniedError,
  type EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { appendPoint, crossing } from '../crash-points/index.ts';
import { type Host, machine, sleep } from '../host/index.ts';
import { timeLimits } from '../time-limits.ts';
import { type BatchAnswer, batchAppend } from './batch-append/index.ts';
import { type ClientHolder, withTimeout } from './client.ts';
import type { EncodedEvent, RawEvent } from './codec.ts';
import {
  AppendRefusedError,
  EventStoreUnavailableError,
  OutcomeUnknownError,
  ReadRefusedError,
} from './errors.ts';

const utf8 = new TextEncoder();

/**
 * The metadata goes out as bytes: from an object the client makes base64, and decodes that twice in
 * JavaScript (13 of the 26 µs that an event of ours costs it). Of data as JSON it takes objects only.
 */
const eventData = ({ id, type, data, metadata }: EncodedEvent) =>
  jsonEvent({ id, type, data, metadata: utf8.encode(JSON.stringify(metadata)) });

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: bigint | null }
  /** Somebody else was first: the stream's last revision is (about) `actual`. */
  | { readonly kind: 'conflict'; readonly actual: number };

export type Append = {
  readonly stream: string;
  readonly expectedRevision: number;
  readonly events: readonly EncodedEvent[];
  /** Epoch ms. */
  readonly deadline: number;
};

/**
 * One try of one append. Throws `AppendRefusedError` for what never can be made; every other failure
 * that does not prove that nothing was stored is an `OutcomeUnknownError`.
 */
export type Appender = (
  client: EventStoreDBClient,
  append: Pick<Append, 'stream' | 'expectedRevision' | 'events'>,
  timeoutMs: number,
) => Promise<AppendOutcome>;

/** The client's own way: for a store without batch appends, and for appends of more than a mebibyte. */
export const appendByClient: Appender = async (
  client,
  { stream, expectedRevision, events },
  timeoutMs,
) => {
  try {
    const result = await withTimeout(
      client.appendToStream(stream, events.map(eventData), {
        expectedRevision: expectedRevision < 0 ? NO_STREAM : BigInt(expectedRevision),
      }),
      timeoutMs,
      () => new OutcomeUnknownError(`no answer within ${timeoutMs} ms`),
    );
    return {
      kind: 'appended',
      revision: Number(result.nextExpectedRevision),
      position: result.position?.commit ?? null,
    };
  } catch (error) {
    if (error instanceof WrongExpectedVersionError) {
      const { actualVersion } = error;
      return {
        kind: 'conflict',
        actual: typeof actualVersion === 'bigint' ? Number(actualVersion) : -1,
      };
    }
    if (
      error instanceof StreamDeletedError ||
      error instanceof AccessDeniedError ||
      error instanceof MaxAppendSizeExceededError
    ) {
      throw refused(stream, error.message, error);
    }
    throw unknown(stream, error);
  }
};

/** In bytes of our own over the client's connection (ADR 27). */
export const appendInBatch: Appender = async (client, append, timeoutMs) => {
  const { stream } = append;
  let answer: BatchAnswer | null;
  try {
    answer = await batchAppend(client, append, timeoutMs);
  } catch (error) {
    throw unknown(stream, error);
  }
  if (answer === null) return appendByClient(client, append, timeoutMs);
  if (answer.kind === 'refused') throw refused(stream, answer.reason);
  if (answer.kind === 'unknown') throw unknown(stream, new Error(answer.reason));
  return answer;
};

const refused = (stream: string, reason: string, cause?: unknown): AppendRefusedError =>
  new AppendRefusedError(`the append to ${stream} was refused: ${reason}`, { cause });

const unknown = (stream: string, cause: unknown): OutcomeUnknownError =>
  new OutcomeUnknownError(`the append to ${stream} has no certain outcome`, { cause });

/**
 * What became of an append: it is there, the place is taken by another (then it never will be), or
 * null: neither, for now.
 */
function outcomeIn(
  found: readonly RawEvent[],
  { events, expectedRevision }: Append,
): AppendOutcome | null {
  const [first] = found;
  if (first === undefined) return null;
  // All or nothing: the first stands for all.
  if (first.id !== events[0]?.id) return { kind: 'conflict', actual: first.revision };
  return {
    kind: 'appended',
    revision: expectedRevision + events.length,
    position: found.at(-1)?.position ?? null,
  };
}

/** Reads a stream from a revision on; rejects when the store cannot be asked. */
type Look = (
  stream: string,
  range: { from: number; max: number; deadline: number },
) => Promise<RawEvent[]>;

/**
 * An append until its outcome is known. What became of an unknown one is asked for; if nothing is
 * there (yet), the very same ids are sent again: the store answers a repeat with the original, and
 * never stores it twice. Throws `OutcomeUnknownError` when the deadline (epoch ms) passes first.
 */
export async function untilKnown(options: {
  /** One try; throws `OutcomeUnknownError` for every end that does not prove that nothing was stored. */
  readonly attempt: (timeoutMs: number) => Promise<AppendOutcome>;
  /** What the store has of it; null: nothing, or it cannot be asked. */
  readonly ask: () => Promise<AppendOutcome | null>;
  readonly deadline: number;
  readonly host: Host;
}): Promise<AppendOutcome & { readonly retried: boolean }> {
  const { attempt, ask, deadline, host } = options;
  const left = (): number => deadline - host.now();
  const tryOnce = (): Promise<AppendOutcome | OutcomeUnknownError> =>
    attempt(Math.max(1, Math.min(timeLimits.eventStore.appendMs, left()))).catch(
      (error: unknown) => {
        if (error instanceof OutcomeUnknownError) return error;
        throw error;
      },
    );
  for (let tries = 0; ; tries += 1) {
    const outcome = await tryOnce();
    if (!(outcome instanceof Error)) return { ...outcome, retried: tries > 0 };
    const pause = Math.min(1000, 50 * 2 ** tries);
    if (left() <= pause) throw outcome;
    await sleep(host, pause);
    const told = await ask();
    if (told !== null) return { ...told, retried: true };
    if (left() <= 0) throw outcome;
  }
}

/**
 * The same at an exact expected revision over the official client, which is replaced when it fails.
 * Throws `EventStoreUnavailableError` when the deadline had passed before anything was sent.
 */
export async function appendResolved(
  holder: ClientHolder,
  look: Look,
  append: Append,
): Promise<AppendOutcome & { readonly retried: boolean }> {
  const { stream, deadline } = append;
  if (machine.now() >= deadline) {
    throw new EventStoreUnavailableError(`the deadline passed before ${stream} was appended to`);
  }
  const attempt = async (timeoutMs: number): Promise<AppendOutcome> => {
    const client = holder.current();
    try {
      return await crossing(appendPoint(append.events), () =>
        appendInBatch(client, append, timeoutMs),
      );
    } catch (error) {
      if (error instanceof OutcomeUnknownError) holder.renew(client);
      throw error;
    }
  };
  return untilKnown({ attempt, ask: () => askFor(append, look), deadline, host: machine });
}

/** What the store says of an append whose answer got lost; null: nothing, or nothing yet. */
export async function askFor(append: Append, look: Look): Promise<AppendOutcome | null> {
  const { stream, expectedRevision, events, deadline } = append;
  const range = { from: expectedRevision + 1, max: events.length, deadline };
  try {
    return outcomeIn(await look(stream, range), append);
  } catch (error) {
    // Then it is as unknown as before.
    if (error instanceof EventStoreUnavailableError || error instanceof ReadRefusedError)
      return null;
    throw error;
  }
}
