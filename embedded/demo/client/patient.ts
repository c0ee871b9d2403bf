import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Call, type Http, UnexpectedAnswer } from './http.ts';

/** How long somebody goes on asking before it is said that the platform does not answer. */
const PATIENCE_MS = 60_000;

/**
 * Sends until it is answered for good. Too many requests, not ready, or no whole answer: the same
 * request goes out again, which does nothing twice as it carries the same key. The last answer or the
 * last error is what it ends with.
 */
export async function sendPatiently(http: Http, call: Call): Promise<Answer> {
  const since = performance.now();
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 3000)) {
    const tired = performance.now() - since > PATIENCE_MS;
    try {
      const answer = await http.send(call);
      if (tired || (answer.status !== 429 && answer.status !== 503)) return answer;
      await delay(secondsOf(answer) * 1000 || pauseMs);
    } catch (error) {
      if (tired || error instanceof UnexpectedAnswer) throw error;
      await delay(pauseMs);
    }
  }
}

function secondsOf({ headers }: Answer): number {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) ? Math.min(seconds, 10) : 0;
}
