import type { Chance } from './chance.ts';
import type { Owner, Scheduler, Task } from './scheduler.ts';

/** How often things go wrong, in percent of the calls. Calm: never. */
export type Weather = {
  /** The connection breaks before the other side has heard anything. */
  lostBefore: number;
  /** The other side has done it, and its answer is lost. */
  lostAfter: number;
  /** The call takes its time: milliseconds, or longer than a lease. */
  slow: number;
};

export const calm: Weather = { lostBefore: 0, lostAfter: 0, slow: 0 };
export const rough: Weather = { lostBefore: 3, lostAfter: 3, slow: 6 };

/** Longest latency: longer than a lease of the sagas (6 s) and a try of an append (3 s). */
const SLOW_MS = [1, 5, 20, 80, 400, 2500, 7000];

export type Network = {
  weather: Weather;
  /**
   * A call from a process to something outside of it: it happens as a task of its own. `lost` makes
   * the error of a cut connection. Never settles for a process that died meanwhile.
   */
  call<T>(call: {
    readonly owner: Owner;
    readonly label: string;
    readonly work: () => Promise<T> | T;
    /** Ends what depends on the connection, and says how that is told. */
    readonly lost: () => Error | Promise<Error>;
    /** May arrive although its sender died: a statement may not, its connection died with it. */
    readonly outlives?: boolean;
  }): Promise<T>;
  /** What a process had sent when it died: half of it arrives all the same. */
  died(owner: Owner): void;
};

type Sent = {
  readonly owner: Owner;
  readonly label: string;
  readonly work: () => Promise<unknown> | unknown;
};

type Fate = 'answered' | 'lost before' | 'answer lost';

const nature: Owner = { name: 'network', alive: true, outside: true };

export function createNetwork(scheduler: Scheduler, chance: Chance): Network {
  const sent = new Set<Sent>();
  /** What becomes of a call, drawn when it is made. */
  const drawFate = (): Fate => {
    const { lostBefore, lostAfter } = network.weather;
    if (chance.percent(lostBefore)) return 'lost before';
    return chance.percent(lostAfter) ? 'answer lost' : 'answered';
  };
  const drawLatency = (): number =>
    chance.percent(network.weather.slow) ? (SLOW_MS[chance.below(SLOW_MS.length)] ?? 0) : 0;
  const put = (task: Task): void => {
    const latency = drawLatency();
    if (latency > 0) scheduler.at(scheduler.now() + latency, task);
    else scheduler.ready(task);
  };

  const network: Network = {
    weather: { ...calm },
    call: ({ owner, label, work, lost, outlives = true }) =>
      new Promise((resolve, reject) => {
        const fate = drawFate();
        const call = { owner, label, work };
        if (outlives) sent.add(call);
        const run = async (): Promise<void> => {
          sent.delete(call);
          if (fate === 'lost before') {
            reject(await lost());
            return;
          }
          // What the other side says no to is an answer, which can get lost as well.
          const answer = await Promise.resolve()
            .then(work)
            .then(
              (value) => () => resolve(value),
              (error: unknown) => () => reject(error),
            );
          if (fate === 'answer lost') reject(await lost());
          else answer();
        };
        put({ owner, label: fate === 'answered' ? label : `${label} (${fate})`, run });
      }),
    died: (owner) => {
      for (const call of sent) {
        if (call.owner !== owner) continue;
        sent.delete(call);
        if (!chance.percent(50)) continue;
        const run = async (): Promise<void> => {
          await Promise.resolve()
            .then(call.work)
            .catch(() => {
              // Nobody is there to be told.
            });
        };
        scheduler.ready({ owner: nature, label: `${call.label} (of a dead process)`, run });
      }
    },
  };
  return network;
}
