import { setFlagsFromString } from 'node:v8';

/**
 * A node makes garbage by the megabyte and keeps little. Left to itself V8 lets its old objects grow to
 * four times of what is in use before it looks; with this it stays nearer to what is in use, and so does
 * what hangs on it outside of the heap. Less than a half costs more than it gives: at a fifth the
 * marking took two fifths of a node's time. Room for new objects stays at what it begins with: left to
 * grow, it made a node that fills a log 40 MB larger.
 *
 * V8 reads both at each collection, so they may still be set in a process that runs.
 */
const FLAGS = ['--heap-growing-percent=50', '--semi-space-growth-factor=1'];

/**
 * What a node is to find in its environment: glibc reads it before the first line of a program. Blocks
 * from 32 KiB on get pages of their own, which go back to the system when they are freed; in the
 * heap of the C library the messages of large appends left 300 MB behind, full of holes. It takes
 * about a tenth of the speed of long reads. (mallopt(3))
 */
export const LARGE_BLOCKS = { MALLOC_MMAP_THRESHOLD_: '32768' };

/** For a process that is an event store node and nothing else. */
export const keepHeapSmall = (): void => {
  for (const flag of FLAGS) setFlagsFromString(flag);
};
