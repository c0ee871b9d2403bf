import { once } from 'node:events';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { type CallStatus, callStatus } from '../wire/failures.ts';

/**
 * The calls that are open, so that a node going down can end each the way its client understands:
 * streams as cancelled, single calls as unavailable. The client then reconnects instead of failing.
 */
export type OpenCalls = {
  readonly count: number;
  add(kind: 'stream' | 'single', end: (why: CallStatus) => void): () => void;
  endStreams(): void;
  endSingles(): void;
};

const shuttingDown = { stream: status.CANCELLED, single: status.UNAVAILABLE } as const;

export const createOpenCalls = (): OpenCalls => {
  const open = {
    stream: new Set<(why: CallStatus) => void>(),
    single: new Set<(why: CallStatus) => void>(),
  };
  const endAll = (kind: 'stream' | 'single'): void => {
    for (const end of [...open[kind]])
      end(callStatus(shuttingDown[kind], 'Server is shutting down'));
    open[kind].clear();
  };
  return {
    get count() {
      return open.stream.size + open.single.size;
    },
    add(kind, end) {
      open[kind].add(end);
      return () => open[kind].delete(end);
    },
    endStreams: () => endAll('stream'),
    endSingles: () => endAll('single'),
  };
};

/** The sending half of a streaming call. */
export type Sender = {
  /** Aborts when the call is over, whoever ended it. */
  readonly over: AbortSignal;
  /** A promise to wait for when the other side cannot keep up. */
  send(frame: Buffer): Promise<unknown> | undefined;
  end(): void;
  fail(why: CallStatus): void;
};

/** Made once: without a reason every call that ends makes a DOMException, with its stack (40 µs). */
const OVER = new Error('the call is over');

type StreamingCall = ServerWritableStream<unknown, Buffer> | ServerDuplexStream<unknown, Buffer>;

export const createSender = (call: StreamingCall, calls: OpenCalls): Sender => {
  const over = new AbortController();
  const finish = (): void => {
    remove();
    over.abort(OVER);
  };
  const fail = (why: CallStatus): void => {
    if (over.signal.aborted) return;
    finish();
    // The only way a server stream of grpc-js ends with a status; destroy() would send none.
    call.emit('error', why);
  };
  const remove = calls.add('stream', fail);
  /** All who wait for room wait for the same event. */
  let draining: Promise<unknown> | undefined;
  call.once('cancelled', finish);
  call.once('close', finish);
  call.on('error', finish);

  return {
    over: over.signal,
    send(frame) {
      if (over.signal.aborted || call.write(frame)) return undefined;
      draining ??= once(call, 'drain', { signal: over.signal })
        // Aborted while waiting: the caller looks at `over` next.
        .catch(() => undefined)
        .finally(() => {
          draining = undefined;
        });
      return draining;
    },
    end() {
      if (over.signal.aborted) return;
      finish();
      call.end();
    },
    fail,
  };
};
