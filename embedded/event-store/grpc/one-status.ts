import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

/**
 * After its status a call sends nothing more. grpc-js ends a call by itself when a message cannot be
 * decoded or a deadline passes, and tells the handler only when the trailers are out. An answer that
 * is sent meanwhile would be a write after the end, which keeps the trailers back: the client would
 * wait for ever.
 */
export const oneStatus: ServerInterceptor = (_method, call) => {
  const sendMessage = call.sendMessage.bind(call);
  const sendStatus = call.sendStatus.bind(call);
  let ended = false;
  // On the call itself: what grpc-js sends of its own accord does not pass through interceptors.
  call.sendStatus = (status) => {
    if (ended) return;
    ended = true;
    sendStatus(status);
  };
  call.sendMessage = (message, callback) => {
    if (!ended) sendMessage(message, callback);
  };
  return new ServerInterceptingCall(call);
};
