/**
 * From the beginning of one batch to that of the next, in milliseconds: short beside what anybody
 * waits for, long enough for a transaction to be shared.
 */
export const PACE_MS = 25;
/** From this many events in a batch on, they come fast. */
export const BUSY_BATCH = 8;
/** The longest pause, in milliseconds: a tenth of what anybody may be behind. */
export const LONGEST_PAUSE_MS = 100;

/**
 * How long to let events gather before the next batch, in milliseconds. A transaction costs about as
 * much for thirty events as for one, and under load the consumers' transactions were what cost most.
 * Events that come one by one wait for nothing, and neither does a backlog.
 *
 * It rests at least as long as it worked: on a machine whose cores are all busy a batch takes longer
 * than the pace, and without the rest the small batches that follow each other keep it so.
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
  return Math.min(LONGEST_PAUSE_MS, Math.max(PACE_MS - tookMs, tookMs));
}
