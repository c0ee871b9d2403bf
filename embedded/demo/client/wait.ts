import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until the answer fits, and gives it. The last answer stands in the error: "not yet confirmed"
 * alone explains nothing.
 */
export async function until<T, Fits extends T>(
  what: string,
  ask: () => Promise<T>,
  fits: (value: T) => value is Fits,
  patienceMs?: number,
): Promise<Fits>;
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  fits: (value: T) => boolean,
  patienceMs?: number,
): Promise<T>;
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  fits: (value: T) => boolean,
  patienceMs = 10_000,
): Promise<T> {
  const since = performance.now();
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 100)) {
    const value = await ask();
    if (fits(value)) return value;
    if (performance.now() - since > patienceMs) {
      const last = JSON.stringify(value, null, 1)?.slice(0, 2000);
      throw new Error(`${what}: not in ${patienceMs} ms; the last answer was ${last}`);
    }
    await delay(pause);
  }
}

/** Runs the work for every item, at most `width` at a time, and keeps the order. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
