import type { EventEmitter } from 'node:events';
import type { sendUnaryData } from '@grpc/grpc-js';
import type { CallStatus } from '../wire/failures.ts';
import type { OpenCalls } from './calls.ts';

/** The one answer of a call that has one; whoever answers second is not heard. */
export type SingleReply = {
  readonly done: boolean;
  send(message: Buffer): void;
  fail(why: CallStatus): void;
};

/** `over` is called once, when the call was answered or its client has gone. */
export const singleReply = (
  calls: OpenCalls,
  call: EventEmitter,
  callback: sendUnaryData<Buffer>,
  over?: () => void,
): SingleReply => {
  const finish = (): boolean => {
    if (reply.done) return false;
    reply.done = true;
    remove();
    over?.();
    return true;
  };
  const fail = (why: CallStatus): void => {
    if (finish()) callback(why);
  };
  // A field and not a getter, for the reason in `write/queue.ts`.
  const reply = {
    done: false,
    send(message: Buffer): void {
      if (finish()) callback(null, message);
    },
    fail,
  };
  const remove = calls.add('single', fail);
  call.once('cancelled', finish);
  return reply;
};
