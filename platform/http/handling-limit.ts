import type { FastifyInstance, FastifyReply } from 'fastify';
import { retryLater } from './errors.ts';

/** What of an answer that is on its way already can be done: it is cut off. */
function giveUp(reply: FastifyReply): void {
  // Ended, or in the hands of somebody who answers on their own.
  if (reply.sent) return;
  const problem = retryLater('timed-out');
  if (reply.raw.headersSent) reply.raw.destroy(problem);
  else reply.send(problem);
}

/**
 * After so many milliseconds an unanswered request is a 503 `timed-out`, whatever its handler does.
 * All have the same time, so they are given up in the order of their arrival, and one timer does for
 * all. Fastify's `handlerTimeout` makes a timer and an `AbortController` for each request and aborts
 * it at the end of each, with a `DOMException`: a fortieth of the write API's time.
 */
export function limitHandling(app: FastifyInstance, ms: number): void {
  /** When each is given up, oldest first. */
  const unanswered = new Map<FastifyReply, number>();
  let timer: NodeJS.Timeout | undefined;

  const sweep = (): void => {
    timer = undefined;
    const now = performance.now();
    for (const [reply, until] of unanswered) {
      if (until > now) {
        timer = setTimeout(sweep, Math.ceil(until - now));
        return;
      }
      unanswered.delete(reply);
      giveUp(reply);
    }
  };
  app.addHook('onRequest', (_request, reply, done) => {
    unanswered.set(reply, performance.now() + ms);
    timer ??= setTimeout(sweep, ms);
    done();
  });
  app.addHook('onResponse', (_request, reply, done) => {
    unanswered.delete(reply);
    done();
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}
