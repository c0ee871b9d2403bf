import { expect, it } from 'vitest';
import { timeLimits } from './time-limits.ts';

const { eventStore, postgres, session, stripe, nats, retryMs } = timeLimits;

/** Who waits, and for what: each has to be longer. */
const waits: readonly (readonly [who: string, ms: number, forWhat: string, most: number])[] = [
  ['the caller', timeLimits.answerMs, 'a handler', timeLimits.handlerMs],
  ['a handler', timeLimits.handlerMs, 'a command', timeLimits.commandMs],
  ['a handler', timeLimits.handlerMs, 'a read', timeLimits.readMs],
  ['a read', timeLimits.readMs, 'its token', timeLimits.tokenMs.usual],
  [
    'a handler',
    timeLimits.handlerMs,
    'a statement and its connection',
    postgres.connectMs + postgres.queryMs,
  ],
  [
    'a command',
    timeLimits.commandMs,
    'an append, and a pause to ask again',
    eventStore.appendMs + 1000,
  ],
  ['a command', timeLimits.commandMs, 'a read of the store', eventStore.silenceMs],
  [
    'a command',
    timeLimits.commandMs,
    'a call of Stripe and its record',
    stripe.callMs + stripe.reserveMs,
  ],
  ['a call of Stripe', stripe.callMs, 'two tries', 2 * stripe.tryMs],
  ['a query', postgres.queryMs, 'its statement', postgres.statementMs],
  ['a long query', postgres.long.queryMs, 'its statement', postgres.long.statementMs],
  ['recovery', timeLimits.recoveryMs, 'a dead feed to be noticed, and a pause', dead('feed')],
  ['recovery', timeLimits.recoveryMs, 'a dead lock session to be noticed', dead('session')],
  ['recovery', timeLimits.recoveryMs, 'a dead connection to NATS to be noticed', dead('nats')],
  ['recovery', timeLimits.recoveryMs, 'a dead query, and the pause of its row', dead('query')],
  ['recovery', timeLimits.recoveryMs, 'a try at Stripe, and the pause of its row', dead('stripe')],
  ['recovery', timeLimits.recoveryMs, 'the lease of a worker that is gone', timeLimits.leaseMs],
];

/** From the last moment at which it seemed alive to the next try of whoever needs it. */
function dead(what: 'feed' | 'session' | 'nats' | 'query' | 'stripe'): number {
  return {
    feed: eventStore.pulseMs + eventStore.silenceMs + retryMs.consumer,
    session: session.heartbeatMs + session.quietMs + session.probeMs,
    nats: 3 * nats.pingMs,
    query: postgres.queryMs + retryMs.outbox,
    stripe: stripe.callMs + retryMs.outbox,
  }[what];
}

it.each(waits)('%s (%i ms) waits longer than %s (%i ms) takes', (_who, ms, _forWhat, most) => {
  expect(ms).toBeGreaterThanOrEqual(most);
});
