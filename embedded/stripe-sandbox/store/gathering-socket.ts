import { Socket } from 'node:net';

/**
 * A socket that sends what is written in one turn of the event loop in one piece. `pg` makes a system
 * call, and wakes Postgres, for each statement; those of a transaction that need not wait for each
 * other are written in one turn.
 */
export function gatheringSocket(): Socket {
  const socket = new Socket();
  const write = socket.write.bind(socket) as (...given: Parameters<Socket['write']>) => boolean;
  let gathering = false;
  const send = (): void => {
    gathering = false;
    socket.uncork();
  };
  const gather = (...given: Parameters<Socket['write']>): boolean => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      // After the promises that are settled now: whoever goes on with one of them belongs to this turn.
      process.nextTick(send);
    }
    return write(...given);
  };
  // Not before: `connect` puts the method of its class back.
  socket.once('connect', () => {
    socket.write = gather as Socket['write'];
  });
  return socket;
}
