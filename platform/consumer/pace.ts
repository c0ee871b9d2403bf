/**
 * From the beginning of one batch to that of the next, in milliseconds: short beside what anybody
 * waits for, long enough for a transaction to be shared.
 */
export const PACE_MS = 25;
/** From this many events in a batch on, they come fast. */
export const BUSY_BATCH = 8;

/**
 * How long to let events gather before the next batch, in milliseconds. A transaction costs about as
 * much for thirty events as for one, and under load the consumers' transactions were what cost most.
 * Events that come one by one wait for nothing, and neither does a backlog.
 */
export function pauseBefore({
  events,
  maxBatch,
  tookMs,
}: {
  /** In the last batch. */
  readonly events: number;
  readonly maxBatch: number;
  readonly tookMs: number;
}): number {
  if (events < BUSY_BATCH || events >= maxBatch) return 0;
  return Math.max(0, PACE_MS - tookMs);
}
