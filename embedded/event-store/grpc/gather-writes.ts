import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/** What one call may have handed to HTTP/2 that is not in its socket yet. */
const MOST_UNSENT_BYTES = 64 * 1024;

/**
 * grpc-js hands a message of a stream to HTTP/2 when the one before it has reached the socket: a
 * system call, and a packet, for each event that is read and each append that is answered. Here the
 * next one follows at once, so that what is written together leaves together, up to a limit; from
 * there on a slow reader holds up whoever writes to it, as ever.
 */
export const gatherWrites: ServerInterceptor = (_method, call) => {
  const gathering = new ServerInterceptingCall(call);
  const send = gathering.sendMessage.bind(gathering);
  let unsent = 0;
  /** At most one: the stream gives its next message when it was told to go on. */
  let goOn: (() => void) | undefined;
  gathering.sendMessage = (message: unknown, next) => {
    const bytes = Buffer.isBuffer(message) ? message.length : 0;
    unsent += bytes;
    send(message, () => {
      unsent -= bytes;
      if (unsent >= MOST_UNSENT_BYTES) return;
      const waiting = goOn;
      goOn = undefined;
      waiting?.();
    });
    if (unsent < MOST_UNSENT_BYTES) next();
    else goOn = next;
  };
  return gathering;
};
