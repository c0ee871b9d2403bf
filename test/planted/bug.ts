/** What must hold, by the name the bugs give it. `npm run check` wants a bug for each of them. */
export const properties = {
  crash: {
    title: 'Crashes',
    holds: 'Killed at any step, nothing acknowledged is lost and nothing is done twice',
  },
  'webhook-storm': {
    title: 'Webhook storms',
    holds: 'Webhooks may come many times and in any order',
  },
  rebuild: { title: 'Rebuilds', holds: 'A read model built again is byte-equal to the live one' },
  'no-oversell': { title: 'No oversell', holds: 'A seat goes to one, however many ask' },
  money: {
    title: 'Money',
    holds: 'Money is conserved: every posting balances, and a difference is a break',
  },
  'unknown-outcome': {
    title: 'Unknown outcomes',
    holds: 'An outcome that is not known is looked up, never guessed',
  },
  outage: {
    title: 'Outages',
    holds: 'A dependency that is away is said so, and is taken up again without a hand',
  },
  clock: { title: 'Clocks', holds: 'A clock that jumps neither loses a timer nor fires it twice' },
  poison: {
    title: 'Poison',
    holds: 'What cannot be applied parks its key with the cause, and nothing else',
  },
  idempotency: {
    title: 'Idempotency',
    holds: 'The same request again does nothing twice and answers the same',
  },
  'read-your-writes': {
    title: 'Reading your own writes',
    holds: 'A read with a token never shows the state before the write',
  },
  log: {
    title: 'The log',
    holds: 'Events stand once, in one order, at the revision their writer named',
  },
  checkpoint: {
    title: 'Checkpoints',
    holds: 'A consumer goes on where it was, in the log it was in, one process at a time',
  },
  saga: {
    title: 'Sagas',
    holds: 'What a saga wants is saved with what made it want it, and done once',
  },
  operators: { title: 'Operators', holds: 'What operators ask for is done, told and put away' },
  'live-updates': {
    title: 'Live updates',
    holds: 'Who follows a read model live misses nothing and holds nobody up',
  },
  schema: { title: 'Schemas', holds: 'What was stored once decodes for ever' },
  'personal-data': {
    title: 'Personal data',
    holds: 'Nobody finds a person in the log, and an outage never looks like an erasure',
  },
  access: { title: 'Access', holds: 'What nobody was allowed is forbidden' },
  determinism: {
    title: 'Determinism',
    holds: 'The same seed plays the same history, and what goes wrong in one is seen',
  },
} as const;

export type Property = keyof typeof properties;

/** Where a mistake goes. `find` stands there exactly once, and becomes `replace`. */
export type Edit = {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
};

/** A mistake somebody could make, and the spec that is red when it was made. */
export type PlantedBug = Edit & {
  /** Unique; `--only` takes it. */
  readonly name: string;
  readonly property: Property;
  /** What holds as long as the mistake is not made: one sentence. */
  readonly invariant: string;
  /** More places of it, where one guard stands behind another and each alone is enough. */
  readonly also?: readonly Edit[];
  readonly spec: string;
  /** The tests of the spec that see it: a part of their name, as it stands in the file. Else all. */
  readonly test?: string;
  /**
   * That test runs without those that other bugs of this spec name, before the bug and with it: for
   * specs whose tests take long and do not build on each other.
   */
  readonly apart?: true;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * For a bug that is seen by a wait without an end: each test's time in this spec, in milliseconds.
   * The spec has to be green under it without the bug.
   */
  readonly patience?: number;
  /**
   * What the failed test says. A crash, or a module that does not load, has other words: only these
   * are the invariant speaking.
   */
  readonly red: RegExp;
};

export const editsOf = ({ file, find, replace, also = [] }: PlantedBug): readonly Edit[] => [
  { file, find, replace },
  ...also,
];

/** An assertion that failed, of `expect`, `expect.poll` or the kits for decisions: no crash, no time-out. */
export const asserts = /^(AssertionError: |Error: (expected|promise (resolved|rejected)) )/m;
