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

/**
 * Streams of one client. gRPC sends the next message of a stream when the one before has left the
 * process, so that each takes a system call and a packet of its own; what goes out on several streams
 * at once leaves together. Who appends alone uses one.
 */
const MOST_STREAMS = 16;

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

/** One of a client's streams: open, being opened (`stream` is not there yet), or not begun. */
type Place = { stream?: BatchStream; opening?: Promise<BatchStream | null> };
type Places = { readonly all: readonly Place[]; next: number };

const clients = new WeakMap<EventStoreDBClient, Places>();

function placesOf(client: EventStoreDBClient): Places {
  let places = clients.get(client);
  if (places === undefined) {
    places = { all: Array.from({ length: MOST_STREAMS }, () => ({})), next: 0 };
    clients.set(client, places);
  }
  return places;
}

async function open(client: EventStoreDBClient, place: Place): Promise<BatchStream | null> {
  const forget = (): void => {
    delete place.stream;
    delete place.opening;
  };
  try {
    return await openChannel(client, (channel) => {
      const stream = onChannel(channel, forget);
      place.stream = stream;
      return stream;
    });
  } catch (error) {
    forget();
    throw error;
  }
}

/** The next stream in the turn of those that are sent at once; the first again in the next one. */
function placeInTurn(places: Places): Place {
  if (places.next === 0) setImmediate(() => (places.next = 0));
  const index = places.next % MOST_STREAMS;
  places.next += 1;
  return places.all[index] ?? {};
}

/** The stream to send the next append on; null: not with this client and store. */
function streamOf(client: EventStoreDBClient): BatchStream | Promise<BatchStream | null> {
  const places = placesOf(client);
  const place = placeInTurn(places);
  if (place.stream !== undefined) return place.stream;
  place.opening ??= open(client, place);
  return place.opening;
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
  const found = streamOf(client);
  const stream =
    found instanceof Promise ? await withTimeout(found, timeoutMs, silent(timeoutMs)) : found;
  if (stream === null) return null;
  const correlationId = randomUUID();
  const deadline = Date.now() + STORE_DEADLINE_MS;
  const request = batchAppendRequest({ ...append, correlationId, deadline });
  if (request.length > MOST_BYTES) return null;
  return answered(stream, correlationId, request, timeoutMs);
}
