import type { Output } from '../ops/_cli/output.ts';

/** Often enough to see that it moves; on a terminal one line that is written over. */
const TERMINAL_MS = 200;
/** Elsewhere each is a line of its own. */
const LINES_MS = 5_000;

/** Shows progress now and then; `last` shows the end whatever the time. */
export function createProgress(out: Output, now: () => number = performance.now.bind(performance)) {
  const every = process.stderr.isTTY === true ? TERMINAL_MS : LINES_MS;
  let shown = now();
  return (line: () => string): void => {
    if (now() - shown < every) return;
    shown = now();
    out.progress(line());
  };
}

/** `1,234,567` */
export const counted = (count: number): string => count.toLocaleString('en-US');

/** `12.3 MB` */
export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

/** How long the rest takes at the speed so far: `1 min 20 s`; `?` while nothing is known. */
export function remaining(done: number, of: number, elapsedMs: number): string {
  if (done <= 0 || of <= 0) return '?';
  const seconds = Math.max(0, Math.round(((of - done) / done) * (elapsedMs / 1_000)));
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}
