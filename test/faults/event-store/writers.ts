import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AppendExpectedRevision,
  type AppendResult,
  jsonEvent,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { type Append, NO_EVENTS } from './history.ts';
import type { Connections, NodeProcess } from './node-process.ts';
import { within } from './patience.ts';
import { type Random, seeded } from './random.ts';

export type Writers = {
  readonly appends: readonly Append[];
  readonly acknowledged: number;
  /** How often the outcome of a try was not known, by the client's word for it. */
  readonly unknown: ReadonlyMap<string, number>;
  /** Settles when this many more have been acknowledged. */
  more(count: number): Promise<void>;
  /** Every append that was begun is brought to its end first. */
  stop(): Promise<void>;
};

/** Everything that has to do with one append but its outcome. */
type Wish = Omit<Append, 'outcome'> & { readonly classic: boolean };
type Outcome = Append['outcome'];

/** Of every 8 writers one has no exact revision and two fight for a stream, with two of the next 8. */
const kindOf = (writer: number): 'alone' | 'fighting' | 'any' => {
  if (writer % 8 === 0) return 'any';
  return writer % 8 <= 2 ? 'fighting' : 'alone';
};
/** The next 8 go the other way. */
const isClassic = (writer: number): boolean => Math.floor(writer / 8) % 2 === 1;
const fightFor = (writer: number): string => `fought-${Math.floor(writer / 16)}`;

export const FOUGHT_STREAM = fightFor(0);

/** A batch append has no deadline of its own in the client; the node answers within 2 s. */
const ANSWER_MS = 3_000;
/** As long as any fault lasts, by far. */
const PATIENCE_MS = 60_000;
const MOST_THINKING_MS = 10;

/**
 * Writers that do what good clients do: what has no certain answer is sent again with the same ids
 * and the same exact revision. Those with `any` cannot know whether a repeat is one, so they do not
 * repeat.
 */
export const startWriters = (
  node: Pick<NodeProcess, 'connections'>,
  options: { readonly count: number; readonly seed: number; readonly bytes: number },
): Writers => {
  const { count, seed, bytes } = options;
  const appends: Append[] = [];
  const unknown = new Map<string, number>();
  const watching = new Set<() => void>();
  let acknowledged = 0;
  let stopping = false;

  const tryOnce = async (
    connections: Connections,
    wish: Wish,
    heard: string[],
  ): Promise<Outcome> => {
    try {
      const answer = await within(ANSWER_MS, send(connections, wish, bytes), () => new NoAnswer());
      acknowledged += 1;
      for (const look of watching) look();
      const { nextExpectedRevision, position } = answer;
      return {
        ...{ kind: 'written', revision: Number(nextExpectedRevision) },
        position: Number(position?.commit ?? -1),
      };
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) return refusal(error);
      const why = wordFor(error);
      // Of the test's own making.
      if (why === undefined) throw error;
      unknown.set(why, (unknown.get(why) ?? 0) + 1);
      heard.push(why);
      return { kind: 'open' };
    }
  };

  const append = async (wish: Wish): Promise<Outcome> => {
    const heard: string[] = [];
    for (const since = performance.now(); ; await delay(5)) {
      const outcome = await tryOnce(await node.connections(), wish, heard);
      if (outcome.kind !== 'open' || wish.expected === 'any') return outcome;
      if (performance.now() - since > PATIENCE_MS) {
        const tries = `${heard.length} tries, ${heard.slice(-20).join(', ')}`;
        throw new Error(
          `${wish.stream} after ${wish.expected}: no answer in ${PATIENCE_MS} ms; ${tries}`,
        );
      }
    }
  };

  const write = async (writer: number): Promise<void> => {
    const random = seeded(seed + writer);
    const kind = kindOf(writer);
    const stream = kind === 'fighting' ? fightFor(writer) : `${kind}-${writer}`;
    let head = NO_EVENTS;
    while (!stopping) {
      const wish = {
        ...{ stream, expected: kind === 'any' ? kind : head, ids: newIds(random) },
        classic: isClassic(writer),
      };
      const outcome = await append(wish);
      const { expected, ids } = wish;
      appends.push({ stream, expected, ids, outcome });
      if (outcome.kind === 'written') head = outcome.revision;
      if (outcome.kind === 'refused') head = outcome.current;
      await delay(random.below(MOST_THINKING_MS));
    }
  };

  const writing = Promise.all(Array.from({ length: count }, (_, writer) => write(writer)));
  // Heard of by whoever stops them, and meanwhile by whoever waits for more.
  writing.catch(() => undefined);

  return {
    appends,
    unknown,
    get acknowledged() {
      return acknowledged;
    },
    async more(wanted) {
      const goal = acknowledged + wanted;
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (acknowledged >= goal) resolve();
      };
      watching.add(look);
      look();
      await Promise.race([promise, writing]);
      watching.delete(look);
    },
    async stop() {
      stopping = true;
      await writing;
    },
  };
};

const newIds = (random: Random): string[] =>
  Array.from({ length: random.often(0.2) ? 2 + random.below(4) : 1 }, () => randomUUID());

// With credentials of its own a call takes the classic Append, without it goes over BatchAppend.
const CLASSIC = { credentials: { username: 'admin', password: 'changeit' } };

const revisionOf = (expected: Append['expected']): AppendExpectedRevision => {
  if (expected === 'any') return expected;
  return expected === NO_EVENTS ? 'no_stream' : BigInt(expected);
};

const send = (connections: Connections, wish: Wish, bytes: number): Promise<AppendResult> => {
  const { stream, ids, classic } = wish;
  // Nothing that Postgres could compress.
  const data = { filling: randomBytes(bytes).toString('base64') };
  const events = ids.map((id) => jsonEvent({ id, type: 'happened', data }));
  const options = { expectedRevision: revisionOf(wish.expected) };
  return classic
    ? connections.classic.appendToStream(stream, events, { ...options, ...CLASSIC })
    : connections.batch.appendToStream(stream, events, options);
};

const refusal = ({ actualVersion }: WrongExpectedVersionError): Outcome => ({
  kind: 'refused',
  current: typeof actualVersion === 'bigint' ? Number(actualVersion) : NO_EVENTS,
});

class NoAnswer extends Error {
  readonly type = 'no answer';
}

/** The client's name for what went wrong; undefined when it was not the client. */
const wordFor = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  if ('type' in error && typeof error.type === 'string') return error.type;
  return 'code' in error ? `gRPC status ${error.code}` : undefined;
};
