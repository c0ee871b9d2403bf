import { once } from 'node:events';
import { END } from '@eventstore/db-client';
import { drive, type Figures, figuresOf } from '../drive.ts';
import { type Bench, type Loaded, withCouple } from './couple.ts';
import { type Comparison, inPairs, type Side } from './pairs.ts';

/** Appends a second of measuring: about as many deliveries whatever the number of subscribers. */
const APPENDS: Readonly<Record<number, number>> = { 1: 6_000, 10: 2_000, 50: 500 };
const IN_FLIGHT = 128;
const PATIENCE_MS = 30_000;

type Follower = {
  readonly client: Loaded;
  measure(appends: number): Promise<Figures>;
  stop(): Promise<void>;
};

/**
 * Live subscribers to `$all` while somebody appends: how many events a second reach them, and how long
 * after the append began each arrives.
 */
export async function measureLive(bench: Bench): Promise<Comparison[]> {
  const results: Comparison[] = [];
  for (const [subscribers, each] of Object.entries(APPENDS)) {
    const appends = Math.round(each * bench.seconds);
    const comparison = await withCouple(bench, `live_${subscribers}`, async (durable, memory) => {
      const one = await follow(durable, Number(subscribers), bench.wrong);
      const other = await follow(memory, Number(subscribers), bench.wrong);
      for (const follower of [one, other]) await follower.measure(appends);
      const side = ({ client, measure }: Follower): Side => ({
        ...{ name: client.name, pid: client.pid },
        run: () => measure(appends),
      });
      const { pairs, postgresPid } = bench;
      const what = `${subscribers} live subscriber${subscribers === '1' ? '' : 's'}, delivered`;
      const result = await inPairs({
        ...{ what, pairs, postgresPid, one: side(one), other: side(other) },
      });
      for (const follower of [one, other]) await follower.stop();
      return result;
    });
    results.push(comparison);
  }
  return results;
}

async function follow(node: Loaded, subscribers: number, wrong: Bench['wrong']): Promise<Follower> {
  const { client } = node;
  const begun = new Map<string, number>();
  let took: number[] = [];
  let missing = 0;
  let all: () => void = () => undefined;
  const subscriptions = Array.from({ length: subscribers }, () =>
    client.subscribeToAll({ fromPosition: END }),
  );
  for (const subscription of subscriptions) {
    let last = 0n;
    subscription.on('data', ({ event }) => {
      const since = begun.get(event?.streamId ?? '');
      const position = event?.position.commit ?? 0n;
      if (since === undefined || position <= last) {
        wrong(`${node.name}: a subscriber got ${event?.streamId} at ${position} after ${last}`);
        return;
      }
      last = position;
      took.push(performance.now() - since);
      missing -= 1;
      if (missing === 0) all();
    });
  }
  await Promise.all(subscriptions.map((subscription) => once(subscription, 'caughtUp')));
  let streams = 0;
  return {
    client: node,
    async measure(appends) {
      took = [];
      missing = appends * subscribers;
      begun.clear();
      const arrived = new Promise<void>((resolve) => {
        all = resolve;
      });
      const late = AbortSignal.timeout(PATIENCE_MS);
      const begin = performance.now();
      await drive(appends, IN_FLIGHT, () => {
        streams += 1;
        const stream = `followed-${streams}`;
        begun.set(stream, performance.now());
        return node.append(stream, 1);
      });
      await Promise.race([arrived, once(late, 'abort')]);
      const elapsed = performance.now() - begin;
      if (missing !== 0) wrong(`${node.name}: ${missing} events reached no subscriber`);
      return figuresOf(took, elapsed);
    },
    // A client with open subscriptions waits for them when it is disposed of.
    stop: async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
    },
  };
}
