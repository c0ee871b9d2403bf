import streams from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { gatherWrites } from './gather-writes.ts';

const unasked = (): never => {
  throw new Error('this is not asked for');
};

/** A call whose messages reach the socket one at a time, when the test says so. */
const slowCall = () => {
  const sent: (Buffer | 'status')[] = [];
  const leaving: (() => void)[] = [];
  const call: ServerInterceptingCallInterface = {
    ...{ start: unasked, startRead: unasked, getPeer: unasked, getDeadline: unasked },
    ...{ getHost: unasked, getAuthContext: unasked, getConnectionInfo: unasked },
    getMetricsRecorder: unasked,
    sendMetadata: () => undefined,
    sendMessage(message: Buffer, done) {
      sent.push(message);
      leaving.push(done);
    },
    sendStatus: () => sent.push('status'),
  };
  const { path, requestStream, responseStream, ...rest } = streams.StreamsService.read;
  const gathering = gatherWrites({ path, requestStream, responseStream, ...rest }, call);
  let next = 0;
  return {
    sent,
    leave: () => leaving.shift()?.(),
    end: () => gathering.sendStatus({ code: 0, details: 'well' }),
    /** As a stream writes: a message whenever it was told to go on. */
    write(messages: readonly Buffer[]): void {
      const one = (): void => {
        const message = messages[next];
        next += 1;
        if (message !== undefined) gathering.sendMessage(message, one);
      };
      one();
    },
  };
};

const messages = (count: number, bytes: number): Buffer[] =>
  Array.from({ length: count }, (_, n) => Buffer.alloc(bytes, n));

test('messages follow each other without waiting for the socket, and the status comes last', () => {
  const call = slowCall();
  const all = messages(200, 300);
  call.write(all);
  call.end();
  expect(call.sent).toEqual([...all, 'status']);
});

test('64 KiB wait at most: then each message waits for room', () => {
  const call = slowCall();
  const all = messages(10, 16 * 1024);
  call.write(all);
  expect(call.sent).toEqual(all.slice(0, 4));
  call.leave();
  expect(call.sent).toEqual(all.slice(0, 5));
  call.leave();
  call.leave();
  expect(call.sent).toEqual(all.slice(0, 7));
  while (call.sent.length < all.length) call.leave();
  expect(call.sent).toEqual(all);
});

test('a message that is larger by itself is sent, and nothing with it', () => {
  const call = slowCall();
  const all = messages(3, 1024 * 1024);
  call.write(all);
  expect(call.sent).toEqual(all.slice(0, 1));
  call.leave();
  expect(call.sent).toEqual(all.slice(0, 2));
});
