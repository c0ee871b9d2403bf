import {
  ANY,
  type AppendExpectedRevision,
  BACKWARDS,
  END,
  type EventStoreDBClient,
  NO_STREAM,
} from '@eventstore/db-client';
import { verifyLog } from '../../../embedded/event-store/verify/index.ts';
import { events } from './events.ts';
import { type RunningNode, startDurable, startInMemory } from './nodes.ts';

/** What every part of the benchmark is given. */
export type Bench = {
  readonly pairs: number;
  readonly seconds: number;
  readonly quick: boolean;
  readonly profile: boolean;
  readonly postgresPid: number;
  database(name: string): Promise<string>;
  /** Something that was measured was not what it should have been: the benchmark ends with 1. */
  wrong(what: string): void;
};

/** A node, and how many events it was given: that many it must have. */
export type Loaded = RunningNode & {
  readonly name: string;
  /** Appends to a stream that has `at` events, 0 when left out, or to one whatever it has. */
  append(
    stream: string,
    count: number,
    wishes?: { readonly how?: 'batch' | 'classic'; readonly at?: number | 'any' },
  ): Promise<void>;
  appended(): number;
};

const CREDENTIALS = { credentials: { username: 'bench', password: 'none' } };
/** What a node writes about itself when its log is new. */
const FIRST_EVENTS = 3;

const expectationOf = (at: number | 'any'): AppendExpectedRevision => {
  if (at === 'any') return ANY;
  return at === 0 ? NO_STREAM : BigInt(at - 1);
};

/** `before`: what was appended to its log before it was started. */
export function loaded(
  node: RunningNode,
  { name, wrong, before = 0 }: { name: string; wrong: Bench['wrong']; before?: number },
): Loaded {
  let appended = before;
  return {
    ...node,
    name,
    async append(stream, count, { how = 'batch', at = 0 } = {}) {
      const { success, nextExpectedRevision } = await node.client.appendToStream(
        stream,
        events(count),
        // With credentials of its own an append is a call of its own.
        { expectedRevision: expectationOf(at), ...(how === 'classic' ? CREDENTIALS : {}) },
      );
      appended += count;
      const fits = at === 'any' || nextExpectedRevision === BigInt(at + count - 1);
      if (success && fits) return;
      wrong(`${name}: an append of ${count} ended at revision ${nextExpectedRevision}`);
    },
    appended: () => appended,
  };
}

/** Position of the newest event. */
export async function headOf(client: EventStoreDBClient): Promise<bigint> {
  const options = { direction: BACKWARDS, fromPosition: END, maxCount: 1 } as const;
  let head = 0n;
  // To its end: a client whose read was left half-way is never disposed of.
  for await (const { event } of client.readAll(options)) head = event?.position?.commit ?? head;
  return head;
}

/** Every event that was answered is there, and no other. */
export async function checkHead(node: Loaded, wrong: Bench['wrong']): Promise<void> {
  const expected = BigInt(node.appended() + FIRST_EVENTS);
  const head = await headOf(node.client);
  if (head !== expected) wrong(`${node.name}: the log ends at ${head}, not at ${expected}`);
}

/** Walks the log as `npm run event-store -- verify` does. */
export async function checkLog(
  databaseUrl: string,
  appended: number,
  wrong: Bench['wrong'],
): Promise<void> {
  const verdict = await verifyLog({
    databaseUrl,
    onDamage: ({ position, problem }) => wrong(`position ${position}: ${problem}`),
  });
  const expected = appended + FIRST_EVENTS;
  if (verdict.events !== expected) wrong(`${verdict.events} events in the log, not ${expected}`);
}

/** Both nodes with an empty log; what they were given is looked for at the end. */
export async function withCouple<T>(
  bench: Bench,
  database: string,
  work: (durable: Loaded, memory: Loaded) => Promise<T>,
): Promise<T> {
  const { wrong } = bench;
  const databaseUrl = await bench.database(database);
  const durable = loaded(await startDurable(databaseUrl), { name: 'durable', wrong });
  try {
    const memory = loaded(await startInMemory(), { name: 'in memory', wrong });
    try {
      const result = await work(durable, memory);
      await checkHead(durable, wrong);
      await checkHead(memory, wrong);
      await checkLog(databaseUrl, durable.appended(), wrong);
      return result;
    } finally {
      await memory.stop();
    }
  } finally {
    await durable.stop();
  }
}
