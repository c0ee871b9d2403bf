/** How bytes (and the end of a connection) get from one side to the other. */
export type Move = 'at once' | 'late' | 'drip' | 'never';

/** What becomes of a connection: the one side, the other, and what either hears of it. */
export type Fate =
  /** It is forwarded. */
  | 'serve'
  /** Both sides see it end. */
  | 'close'
  /** The client gets a reset (RST), the server an end. */
  | 'reset'
  /** The server sees an end; the client sees nothing, and is never answered again. */
  | 'orphan';

/** When the answers of the server end in a cut of the connection. */
export type Cut = 'never' | 'first answer' | 'after bytes' | 'awaited answers';

export type Behaviour = {
  /** What a client sees, as a sentence goes on: "the client …". */
  readonly client: string;
  /** Whether somebody listens on the port. */
  readonly listens: boolean;
  /** Connections that are there when the mode begins. */
  readonly present: Fate;
  /** Connections that are made while it lasts. */
  readonly arriving: Fate;
  readonly move: Move;
  readonly cut: Cut;
};

const fine = { listens: true, present: 'serve', arriving: 'serve', cut: 'never' } as const;

/**
 * The ways in which something that is reached by TCP can fail, and what its client sees of each. The
 * one table: the proxy does what it says, its spec walks it.
 */
export const faultModes = {
  pass: { ...fine, client: 'gets its answer', move: 'at once' },
  latency: { ...fine, client: 'gets its answer later', move: 'late' },
  drip: { ...fine, client: 'gets its answer byte by byte', move: 'drip' },
  'black-hole': {
    ...fine,
    client: 'hears nothing, and what was on its way arrives once it is over, as TCP sends it again',
    move: 'never',
  },
  'half-open': {
    ...fine,
    client: 'hears nothing, and never will on this connection: the peer is gone without a word',
    present: 'orphan',
    arriving: 'orphan',
    move: 'at once',
  },
  'cut-reply': {
    ...fine,
    client: 'is cut off when the answer is due: it worked, and nobody was told',
    move: 'at once',
    cut: 'first answer',
  },
  'cut-after': {
    ...fine,
    client: 'gets the first bytes of its answers, and is cut off then',
    move: 'at once',
    cut: 'after bytes',
  },
  'cut-answers': {
    ...fine,
    client: 'gets all answers but those that the dialect waits for: there it is cut off',
    move: 'at once',
    cut: 'awaited answers',
  },
  refuse: {
    ...fine,
    client: 'is refused: nobody listens, and what was open is closed',
    listens: false,
    present: 'close',
    arriving: 'close',
    move: 'at once',
  },
  reset: {
    ...fine,
    client: 'is reset (RST), as a firewall or a balancer does that has lost its table',
    present: 'reset',
    arriving: 'reset',
    move: 'at once',
  },
} as const satisfies Readonly<Record<string, Behaviour>>;

export type ProxyMode = keyof typeof faultModes;

/** The measures of modes that have one. */
export type Measures = {
  /** `latency`: how late everything is, each way. */
  readonly latencyMs: number;
  /** `drip` */
  readonly bytesPerSecond: number;
  /** `cut-after`: how many bytes of answers a connection gets, counted from the start of the mode. */
  readonly bytes: number;
  /**
   * `cut-answers`: every answer that is waited for, or only the first to each question (a question
   * that is asked again, by its key, gets its answer).
   */
  readonly each: 'always' | 'first';
};

export const usualMeasures: Measures = {
  latencyMs: 2000,
  bytesPerSecond: 1,
  bytes: 0,
  each: 'always',
};
