import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import services, { type StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type {
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { type Appended, appendedIn, correlationOf, eventIn } from './answers.ts';
import type { MovedEvent } from './format.ts';
import { mayPass } from './patience.ts';
import {
  appendRequest,
  type ReadFrom,
  readAllRequest,
  readOneRequest,
  tombstoneRequest,
} from './requests.ts';

/** Longer than any server takes to answer an append with a time-out. */
const ANSWER_MS = 15_000;
const CLOSE_MS = 1_000;

/** A server that speaks EventStoreDB's protocol: our node, or a real cluster. */
export type Remote = {
  /** Ends at the head. Pulled: a slow reader slows the server down. */
  readAll(from: ReadFrom, count?: number): AsyncIterable<MovedEvent>;
  /** Undefined: not there, or not to be seen. */
  eventAt(stream: string, revision: bigint): Promise<MovedEvent | undefined>;
  /** Sends all of them in this order before it waits for the answers, which come in the same order. */
  appendAll(events: readonly MovedEvent[], deadline: number): Promise<readonly Appended[]>;
  /** Ends a stream for ever; one that has ended already stays so. */
  tombstone(stream: string): Promise<void>;
  close(): Promise<void>;
};

type AppendCall = ClientDuplexStream<BatchAppendReq, BatchAppendResp>;

/** Appends on one call, each answered by its correlation id. */
type Appender = {
  readonly broken: boolean;
  send(event: MovedEvent, deadline: number): Promise<Appended>;
};

const createAppender = (call: AppendCall): Appender => {
  const waiting = new Map<string, (answer: Appended) => void>();
  let broken: Appended | undefined;
  const fail = (error: Error): void => {
    const message = error.message;
    broken ??= mayPass(error) ? { kind: 'again', message } : { kind: 'refused', message };
    for (const settle of waiting.values()) settle(broken);
    waiting.clear();
  };
  call.on('data', (answer: BatchAppendResp) => {
    const correlation = correlationOf(answer);
    waiting.get(correlation)?.(appendedIn(answer));
    waiting.delete(correlation);
  });
  call.on('error', fail);
  call.on('end', () => {
    broken ??= { kind: 'again', message: 'the server ended the call' };
    fail(new Error('the server ended the call'));
  });
  return {
    get broken() {
      return broken !== undefined;
    },
    send: (event, deadline) =>
      new Promise((resolve) => {
        if (broken !== undefined) {
          resolve(broken);
          return;
        }
        const correlation = randomUUID();
        waiting.set(correlation, resolve);
        call.write(appendRequest(event, correlation, deadline));
      }),
  };
};

const isDeleted = (error: unknown): boolean =>
  error instanceof Error &&
  'metadata' in error &&
  (error as ServiceError).metadata.get('exception').includes('stream-deleted');

/**
 * The official client finds the server, follows the leader and signs in, as the connection string
 * says. It would parse what is JSON, and what it writes again are other bytes, so the calls
 * themselves are made with the definitions that it ships. These members of it are protected, which
 * the bracket notation is TypeScript's way around: their types are still checked, and its version
 * is pinned.
 */
export const openRemote = (url: string): Remote => {
  const client = EventStoreDBClient.connectionString(url);
  const call = () =>
    client['callArguments']({ requiresLeader: true }, { deadline: Number.POSITIVE_INFINITY });
  const stream = <T extends ClientReadableStream<ReadResp> | AppendCall>(
    name: string,
    open: (grpc: StreamsClient) => T,
  ): Promise<T> => client['GRPCStreamCreator'](services.StreamsClient, name, open)();

  async function* read(request: ReadReq): AsyncGenerator<MovedEvent> {
    const reading = await stream('read', (grpc) => grpc.read(request, ...call()));
    // Whoever stops reading early cancels the call, which the stream tells as an error.
    reading.on('error', () => undefined);
    try {
      for await (const answer of reading as AsyncIterable<ReadResp>) {
        const event = eventIn(answer);
        if (event !== undefined) yield event;
      }
    } finally {
      reading.cancel();
    }
  }

  let appender: Appender | undefined;
  const appending = async (): Promise<Appender> => {
    if (appender === undefined || appender.broken) {
      appender = createAppender(await stream('append', (grpc) => grpc.batchAppend(...call())));
    }
    return appender;
  };

  return {
    readAll: (from, count) => read(readAllRequest(from, count)),
    async eventAt(name, revision) {
      try {
        for await (const event of read(readOneRequest(name, revision))) {
          return event.revision === revision ? event : undefined;
        }
      } catch (error) {
        if (!isDeleted(error)) throw error;
      }
      return undefined;
    },
    async appendAll(events, deadline) {
      const to = await appending();
      const answers = Promise.all(events.map((event) => to.send(event, deadline)));
      const patience = new AbortController();
      const late = delay(ANSWER_MS, undefined, { signal: patience.signal, ref: false }).then(
        (): readonly Appended[] => {
          // Answers that are still to come belong to a call that nobody listens to any more.
          appender = undefined;
          return events.map(() => ({ kind: 'again', message: 'no answer' }));
        },
      );
      late.catch(() => undefined);
      try {
        return await Promise.race([answers, late]);
      } finally {
        patience.abort();
      }
    },
    async tombstone(name) {
      try {
        await client['execute'](services.StreamsClient, 'tombstone', (grpc) => {
          const [metadata, options] = client['callArguments']({ requiresLeader: true });
          return new Promise<void>((resolve, reject) => {
            grpc.tombstone(tombstoneRequest(name), metadata, options, (error) =>
              error === null ? resolve() : reject(error),
            );
          });
        });
      } catch (error) {
        if (!isDeleted(error)) throw error;
      }
    },
    async close() {
      // It waits for each of its streams to tell its end, and one that had ended before never tells.
      await Promise.race([client.dispose(), delay(CLOSE_MS, undefined, { ref: false })]);
    },
  };
};
