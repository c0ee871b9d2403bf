/**
 * How long anything is waited for, in milliseconds. The one table, from the outside in: whoever waits
 * for an answer waits longer than everything that is done for it may take, so that the answer says
 * what happened and not that time ran out. `time-limits.spec.ts` holds it to that (ADR 22).
 */
export const timeLimits = {
  /** What callers are promised: an answer, right or 503 with `Retry-After`, whatever is away. */
  answerMs: 5000,
  /** The net under every handler: 503 `timed-out`. */
  handlerMs: 4500,
  /** A command, from its arrival. Nothing of it is begun afterwards, also what waits in a queue. */
  commandMs: 4000,
  /** A read, its wait for a `Consistency-Token` included; what `Prefer: wait` asks for comes on top. */
  readMs: 4000,
  /** The wait for a token of a read that does not say how long, and the most it may ask for. */
  tokenMs: { usual: 3000, most: 10_000 },

  eventStore: {
    /** One try of an append. Then it is UNKNOWN: asked for, and sent again under the same ids. */
    appendMs: 2500,
    /** A read without any sign of the store, be it one event more. */
    silenceMs: 2000,
    /** How often a store is asked for a sign of life while somebody follows it: an idle log is silent, too. */
    pulseMs: 1500,
  },
  postgres: {
    /** To get a connection: a free one of the pool, or a new one. */
    connectMs: 1500,
    /** What Postgres gives a statement before it cancels it. */
    statementMs: 2000,
    /** What we give its answer: Postgres may be a black hole. */
    queryMs: 2500,
    /** The same for what is made at a start, built anew or compared: nobody waits for an answer. */
    long: { statementMs: 15_000, queryMs: 15_500 },
  },
  /** Connections of their own: of locks, and of `LISTEN`. */
  session: {
    /** A statement that runs longer is not suspicious, but whether Postgres is still there is asked by another connection. */
    quietMs: 1000,
    /** For the answer to that. */
    probeMs: 1500,
    heartbeatMs: 1000,
  },
  stripe: {
    /** One try of a request, of two. */
    tryMs: 1500,
    /** Both tries and the pause between them. */
    callMs: 3500,
    /** A page of the statement, which is large, and which nobody waits for. */
    listMs: 10_000,
    /** What a command keeps of its time to record what Stripe answered. */
    reserveMs: 500,
    /** A connection without use is not used again: it may have ended without a word. */
    idleMs: 3000,
  },
  nats: {
    connectMs: 2000,
    /** An acknowledgement of JetStream, or the answer to a question. */
    ackMs: 2000,
    /** Between two pings; two unanswered ones end the connection. */
    pingMs: 1500,
  },

  /** Background work, between two tries while something is away: it goes on within `recoveryMs` of its return. */
  retryMs: { consumer: 500, outbox: 1500, listen: 500 },
  /** A worker that is gone loses its rows after this. */
  leaseMs: 4000,
  /** What is promised after an outage: all goes on, and nobody has to help. */
  recoveryMs: 5000,
} as const;
