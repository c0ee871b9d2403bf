export type Figures = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
};

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Runs an action `count` times, so many at a time, and says how long each took. */
export async function drive(
  count: number,
  inFlight: number,
  action: (n: number) => Promise<unknown>,
): Promise<Figures> {
  const took: number[] = [];
  const begin = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) {
        const n = next;
        next += 1;
        const started = performance.now();
        await action(n);
        took.push(performance.now() - started);
      }
    }),
  );
  const perSecond = (took.length * 1000) / (performance.now() - begin);
  took.sort((a, b) => a - b);
  return {
    perSecond,
    p50Ms: quantile(took, 0.5),
    p95Ms: quantile(took, 0.95),
    p99Ms: quantile(took, 0.99),
  };
}
