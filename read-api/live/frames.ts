import type { Step } from '../../projections/_runtime/live.ts';

/** Sent when nothing else is: proxies and clients cut what is silent. */
export const heartbeat = Buffer.from(': still here\n\n');

/** How long a client waits before it connects again; spread, so that a restart is not a stampede. */
export const retryFrame = (chance: number): Buffer =>
  Buffer.from(`retry: ${1000 + Math.round(2000 * chance)}\n\n`);

/** https://html.spec.whatwg.org/multipage/server-sent-events.html; JSON has no line breaks. */
export function messageFrame({ event, id, items }: NonNullable<Step['message']>): Buffer {
  return Buffer.from(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify({ items })}\n\n`);
}

export type End = 'token-expired' | 'shutting-down' | 'not-found' | 'internal-error';

const details: Readonly<Record<End, string>> = {
  'token-expired': 'The access token has expired: log in again and go on after the last id.',
  'shutting-down': 'This process ends: connect again and go on after the last id.',
  'not-found': 'What was followed is not there any more.',
  'internal-error': 'Something went wrong on our side: connect again.',
};

/** The last message of a stream that we end. It has no id: where the client stands stays. */
export const endFrame = (code: End): Buffer =>
  Buffer.from(`event: end\ndata: ${JSON.stringify({ code, detail: details[code] })}\n\n`);
