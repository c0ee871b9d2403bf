import { setTimeout as delay } from 'node:timers/promises';

/** What a run came to. Times are from when a piece of work was due to when it was done. */
export type Figures = {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
};

type Action = (n: number) => Promise<unknown>;

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

export function figuresOf(tookMs: readonly number[], elapsedMs: number): Figures {
  const sorted = tookMs.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    perSecond: (sorted.length * 1000) / elapsedMs,
    p50Ms: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    p99Ms: quantile(sorted, 0.99),
  };
}

/** The middle run of several, by rate: one of them, so that its figures belong together. */
export function medianRun(runs: readonly Figures[]): Figures {
  const middle = runs.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(runs.length / 2)];
  if (middle === undefined) throw new RangeError('there was no run');
  return middle;
}

/** Runs an action `count` times, so many at a time: how fast it goes when nobody waits. */
export const drive = (count: number, inFlight: number, action: Action): Promise<Figures> =>
  closedLoad(inFlight, (n) => n < count, action);

/** The same for a while instead of a number of times. */
export function driveFor(seconds: number, inFlight: number, action: Action): Promise<Figures> {
  const until = performance.now() + seconds * 1000;
  return closedLoad(inFlight, () => performance.now() < until, action);
}

async function closedLoad(
  inFlight: number,
  more: (n: number) => boolean,
  action: Action,
): Promise<Figures> {
  const took: number[] = [];
  const begin = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (more(next)) {
        const n = next;
        next += 1;
        const started = performance.now();
        await action(n);
        took.push(performance.now() - started);
      }
    }),
  );
  return figuresOf(took, performance.now() - begin);
}

/**
 * Begins an action `perSecond` times a second for so many seconds, whether the ones before it are
 * done or not, as users do. Its time counts from when it was due, so a pause is felt by everything
 * that was due in it.
 */
export async function driveAt(
  perSecond: number,
  seconds: number,
  action: Action,
): Promise<Figures> {
  const took: number[] = [];
  const begin = performance.now();
  const count = Math.round(perSecond * seconds);
  const begun: Promise<void>[] = [];
  while (begun.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - begin) / 1000) * perSecond) + 1);
    while (begun.length < due) {
      const n = begun.length;
      const dueAt = begin + (n * 1000) / perSecond;
      const done = action(n).then(() => {
        took.push(performance.now() - dueAt);
      });
      begun.push(done);
    }
    await delay(1);
  }
  await Promise.all(begun);
  return figuresOf(took, performance.now() - begin);
}
