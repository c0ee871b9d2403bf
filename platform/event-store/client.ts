import { setTimeout as delay } from 'node:timers/promises';
import {
  AccessDeniedError,
  EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { appendPoint, crossing } from '../crash-points/index.ts';
import { type Host, machine, sleep } from '../host/index.ts';
import type { Logger } from '../log/index.ts';
import type { EncodedEvent } from './codec.ts';
import { AppendRefusedError, OutcomeUnknownError } from './errors.ts';

const utf8 = new TextEncoder();

/**
 * The metadata goes out as bytes: from an object the client makes base64, and decodes that twice in
 * JavaScript (13 of the 26 µs that an event of ours costs it). Of data as JSON it takes objects only.
 */
const eventData = ({ id, type, data, metadata }: EncodedEvent) =>
  jsonEvent({ id, type, data, metadata: utf8.encode(JSON.stringify(metadata)) });

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

export function holdClient(url: string, log: Logger): ClientHolder {
  let client = EventStoreDBClient.connectionString(url);
  let renewedAt = 0;
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
      if (disposed || failed !== client || Date.now() - renewedAt < 1000) return;
      renewedAt = Date.now();
      client = EventStoreDBClient.connectionString(url);
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

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: bigint | null }
  /** Somebody else was first: the stream's last revision is (about) `actual`. */
  | { readonly kind: 'conflict'; readonly actual: number };

/** Rejects after `ms` with `error`; the timer never keeps a process alive. */
export async function withTimeout<T>(work: Promise<T>, ms: number, error: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One try of one append. Every failure that does not prove that nothing was stored is UNKNOWN. */
async function appendOnce(
  client: EventStoreDBClient,
  stream: string,
  expectedRevision: number,
  events: readonly EncodedEvent[],
  timeoutMs: number,
): Promise<AppendOutcome> {
  try {
    const result = await withTimeout(
      crossing(appendPoint(events), () =>
        client.appendToStream(stream, events.map(eventData), {
          expectedRevision: expectedRevision < 0 ? NO_STREAM : BigInt(expectedRevision),
        }),
      ),
      timeoutMs,
      () => new OutcomeUnknownError(`no answer to the append to ${stream} within ${timeoutMs} ms`),
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
      throw new AppendRefusedError(`the append to ${stream} was refused: ${error.message}`, {
        cause: error,
      });
    }
    if (error instanceof OutcomeUnknownError) throw error;
    throw new OutcomeUnknownError(`the append to ${stream} has no certain outcome`, {
      cause: error,
    });
  }
}

/** How long one try of an append waits for its answer. */
const TRY_MS = 3000;

/**
 * An append until its outcome is known: an unknown one is resolved by sending the very same ids
 * again, for the store answers a repeat with the original and never stores it twice. Throws
 * `OutcomeUnknownError` when the deadline (epoch ms) passes first.
 */
export async function untilKnown(options: {
  /** One try; throws `OutcomeUnknownError` for every end that does not prove that nothing was stored. */
  readonly attempt: (timeoutMs: number) => Promise<AppendOutcome>;
  readonly deadline: number;
  readonly host: Host;
}): Promise<AppendOutcome & { readonly retried: boolean }> {
  const { attempt, deadline, host } = options;
  for (let tries = 0; ; tries += 1) {
    const left = deadline - host.now();
    try {
      const outcome = await attempt(Math.max(1, Math.min(TRY_MS, left)));
      return { ...outcome, retried: tries > 0 };
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError)) throw error;
      const pause = Math.min(1000, 50 * 2 ** tries);
      if (host.now() + pause >= deadline) throw error;
      await sleep(host, pause);
    }
  }
}

/** The same at an exact expected revision through the official client, which is replaced when it fails. */
export function appendResolved(
  holder: ClientHolder,
  stream: string,
  expectedRevision: number,
  events: readonly EncodedEvent[],
  deadline: number,
): Promise<AppendOutcome & { readonly retried: boolean }> {
  const attempt = async (timeoutMs: number): Promise<AppendOutcome> => {
    const client = holder.current();
    try {
      return await appendOnce(client, stream, expectedRevision, events, timeoutMs);
    } catch (error) {
      if (error instanceof OutcomeUnknownError) holder.renew(client);
      throw error;
    }
  };
  return untilKnown({ attempt, deadline, host: machine });
}
