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
  let done = false;
  const finish = (): boolean => {
    if (done) return false;
    done = true;
    remove();
    over?.();
    return true;
  };
  const fail = (why: CallStatus): void => {
    if (finish()) callback(why);
  };
  const remove = calls.add('single', fail);
  call.once('cancelled', finish);
  return {
    get done() {
      return done;
    },
    send(message) {
      if (finish()) callback(null, message);
    },
    fail,
  };
};
