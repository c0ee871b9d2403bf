import { randomUUID } from 'node:crypto';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { withTimeout } from '../client.ts';
import type { EncodedEvent } from '../codec.ts';
import { OutcomeUnknownError } from '../errors.ts';
import { type Channel, openChannel } from './channel.ts';
import { batchAppendRequest } from './request.ts';
import { type BatchAnswer, readBatchAppendResponse } from './response.ts';

export type { BatchAnswer } from './response.ts';

/** The client cuts an append of more than 3 MiB in parts, which is not done here. */
const MOST_BYTES = 1024 * 1024;
/** How long the store may take to begin with it: what the client grants. */
const STORE_DEADLINE_MS = 10_000;

type Waiting = {
  readonly answer: (answer: BatchAnswer) => void;
  readonly fail: (error: OutcomeUnknownError) => void;
};

type BatchStream = {
  send(correlationId: string, request: Buffer, waiting: Waiting): void;
  /** Nobody waits for it any more. */
  forget(correlationId: string): void;
};

/**
 * The appends in flight on one stream, told apart by their correlation ids. However the stream ends,
 * what became of those that were not answered is not known.
 */
function onChannel(channel: Channel, ended: () => void): BatchStream {
  const inFlight = new Map<string, Waiting>();
  const end = (cause: unknown): void => {
    ended();
    const lost = [...inFlight.values()];
    inFlight.clear();
    for (const { fail } of lost) {
      fail(new OutcomeUnknownError('the stream of appends ended', { cause }));
    }
  };
  const receive = (bytes: Buffer): void => {
    const { correlationId, answer } = readBatchAppendResponse(bytes);
    const waiting = inFlight.get(correlationId);
    inFlight.delete(correlationId);
    // Nobody waits for an answer that came too late.
    waiting?.answer(answer);
  };
  channel.on('data', (bytes: Buffer) => {
    try {
      receive(bytes);
    } catch (error) {
      end(error);
      channel.cancel();
    }
  });
  channel.on('error', end);
  channel.on('end', () => {
    end(new Error('the store ended it'));
    channel.end();
  });
  return {
    send(correlationId, request, waiting) {
      inFlight.set(correlationId, waiting);
      channel.write(request);
    },
    forget: (correlationId) => inFlight.delete(correlationId),
  };
}

const streams = new WeakMap<EventStoreDBClient, BatchStream>();
/** The same while it is being opened; null: not with this client and store. */
const opening = new WeakMap<EventStoreDBClient, Promise<BatchStream | null>>();

async function open(client: EventStoreDBClient): Promise<BatchStream | null> {
  const forget = (): void => {
    streams.delete(client);
    opening.delete(client);
  };
  try {
    return await openChannel(client, (channel) => {
      const stream = onChannel(channel, forget);
      streams.set(client, stream);
      return stream;
    });
  } catch (error) {
    forget();
    throw error;
  }
}

function streamOf(client: EventStoreDBClient): Promise<BatchStream | null> {
  let stream = opening.get(client);
  if (stream === undefined) {
    stream = open(client);
    opening.set(client, stream);
  }
  return stream;
}

const silent = (timeoutMs: number) => (): OutcomeUnknownError =>
  new OutcomeUnknownError(`no answer within ${timeoutMs} ms`);

function answered(
  stream: BatchStream,
  correlationId: string,
  request: Buffer,
  timeoutMs: number,
): Promise<BatchAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stream.forget(correlationId);
      reject(silent(timeoutMs)());
    }, timeoutMs);
    stream.send(correlationId, request, {
      answer: (answer) => {
        clearTimeout(timer);
        resolve(answer);
      },
      fail: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
  });
}

/**
 * One try of an append at an exact revision over the client's connection, in our own bytes. Null when
 * it has to go the client's own way: too large for one message, or a store without batch appends.
 * Throws `OutcomeUnknownError` when there is no answer in time, or the stream ends before it.
 */
export async function batchAppend(
  client: EventStoreDBClient,
  append: {
    readonly stream: string;
    readonly expectedRevision: number;
    readonly events: readonly EncodedEvent[];
  },
  timeoutMs: number,
): Promise<BatchAnswer | null> {
  const stream =
    streams.get(client) ?? (await withTimeout(streamOf(client), timeoutMs, silent(timeoutMs)));
  if (stream === null) return null;
  const correlationId = randomUUID();
  const deadline = Date.now() + STORE_DEADLINE_MS;
  const request = batchAppendRequest({ ...append, correlationId, deadline });
  if (request.length > MOST_BYTES) return null;
  return answered(stream, correlationId, request, timeoutMs);
}
