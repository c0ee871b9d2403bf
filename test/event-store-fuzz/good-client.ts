/**
 * The client that everybody else must not disturb: it appends, follows and reads all the while, and
 * knows what has to come of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  EventStoreDBClient,
  type EventType,
  jsonEvent,
  type ResolvedEvent,
} from '@eventstore/db-client';

const STREAM = 'good-0';
const PAUSE_MS = 15;
/** The node answers an append within two seconds, or says that it could not. */
const SLOW_MS = 5_000;
const PATIENCE_MS = 30_000;

export type GoodFigures = {
  readonly appends: number;
  readonly seen: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
};

export type GoodClient = {
  readonly faults: readonly string[];
  figures(): GoodFigures;
  /** Ends appending, waits until all of it was seen, reads it back, and goes. */
  finish(): Promise<void>;
};

const numberOf = (event: ResolvedEvent<EventType>): unknown => {
  const data = event.event?.data;
  return typeof data === 'object' && data !== null && 'n' in data ? data.n : undefined;
};

/** Holds what a subscription says against 0, 1, 2, … */
const follower = (name: string, faults: string[]) => {
  let next = 0;
  return {
    seen: () => next,
    take(event: ResolvedEvent<EventType>): void {
      const n = numberOf(event);
      if (n !== next) faults.push(`${name} got event ${n} where ${next} was due`);
      next = Number(n) + 1;
    },
    fail(error: unknown): void {
      faults.push(`${name} ended: ${String(error)}`);
    },
  };
};

export const startGoodClient = (host: string, port: number): GoodClient => {
  const client = EventStoreDBClient.connectionString(`esdb://${host}:${port}?tls=false`);
  const faults: string[] = [];
  const took: number[] = [];
  let appended = 0;
  let stopping = false;

  const followers = [
    follower('the subscription to the stream', faults),
    follower('the subscription to $all', faults),
  ] as const;
  const subscriptions = [
    client.subscribeToStream(STREAM),
    client.subscribeToAll({
      filter: { filterOn: 'streamName', regex: '^go+d-[0-9]$', checkpointInterval: 1 },
    }),
  ] as const;
  for (const [index, subscription] of subscriptions.entries()) {
    const one = followers[index];
    subscription.on('data', (event: ResolvedEvent<EventType>) => one?.take(event));
    subscription.on('error', (error: unknown) => {
      if (!stopping) one?.fail(error);
    });
  }

  const appendNext = async (): Promise<void> => {
    const begun = performance.now();
    const { nextExpectedRevision } = await client.appendToStream(
      STREAM,
      jsonEvent({ type: 'good', data: { n: appended } }),
      { expectedRevision: appended === 0 ? 'no_stream' : BigInt(appended - 1) },
    );
    const ms = performance.now() - begun;
    took.push(ms);
    if (ms > SLOW_MS) faults.push(`append ${appended} took ${Math.round(ms)} ms`);
    if (nextExpectedRevision !== BigInt(appended)) {
      faults.push(`append ${appended} was answered with revision ${nextExpectedRevision}`);
    }
    appended += 1;
  };
  const appending = (async () => {
    while (!stopping) {
      // No client-side timeout: an answer that got lost would be waited for for ever.
      const lost = delay(PATIENCE_MS, 'lost' as const, { ref: false });
      const outcome = await Promise.race([appendNext(), lost]).catch((error: unknown) => {
        faults.push(`append ${appended} failed: ${inspect(error, { depth: 1, breakLength: 200 })}`);
        return 'lost' as const;
      });
      if (outcome === 'lost') {
        faults.push(`append ${appended} was not answered well`);
        return;
      }
      await delay(PAUSE_MS);
    }
  })();

  const allSeen = async (): Promise<void> => {
    const until = performance.now() + PATIENCE_MS;
    while (followers.some((one) => one.seen() < appended) && performance.now() < until) {
      await delay(20);
    }
    for (const one of followers) {
      if (one.seen() !== appended) faults.push(`a subscription saw ${one.seen()} of ${appended}`);
    }
  };
  const readBack = async (): Promise<void> => {
    const check = follower('a read', faults);
    for await (const event of client.readStream(STREAM)) check.take(event);
    if (check.seen() !== appended) faults.push(`${check.seen()} of ${appended} can be read`);
  };

  return {
    faults,
    figures() {
      const sorted = took.toSorted((a, b) => a - b);
      const at = (share: number): number =>
        Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
      return {
        appends: appended,
        seen: Math.min(...followers.map((one) => one.seen())),
        p50Ms: at(0.5),
        p99Ms: at(0.99),
        mostMs: Math.round(sorted.at(-1) ?? 0),
      };
    },
    async finish() {
      stopping = true;
      await appending;
      try {
        await allSeen();
        await readBack();
      } catch (error) {
        faults.push(`what was appended cannot be read: ${String(error)}`);
      }
      await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
      await client.dispose();
    },
  };
};
